#pragma once
// A world of a few cells for the protocol model: each step has one cell with the entry at its path and the entry in its
// slot. Changes are volatile until synced; staged content is dirty until its data was synced. Every operation costs one
// unit of fuel; without fuel the machine dies there.

#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "compensators/compensator.h"

namespace backout::model {

/// The program ends here. `cut` decides later what of the volatile side survives.
struct Crash {};

enum class CellKind { atom, tear, noop };

/// Rules of the protocol that can be broken on purpose; each must then give violations.
enum class Broken { nothing, one_barrier, no_sync_seen, no_names_barrier, no_look, effect_before_intent };

using Pair =
    std::pair<char, char>;  ///< (at the path, in the slot): B before, A after, N neither, X foreign, '-' nothing

struct World {
    std::vector<CellKind> kinds;
    std::vector<Pair> cache;
    std::vector<Pair> disk;
    std::vector<std::vector<Pair>> pending;  ///< values since the last sync, in order
    std::set<std::size_t> dirty;             ///< slots whose staged content isn't durable
    std::optional<int> fuel = {};            ///< operations left; unset: endless
    Broken broken = Broken::nothing;

    explicit World(std::vector<CellKind> cells);
    void spend();
    void put(std::size_t cell, Pair value);
    void sync_data(std::size_t cell);
    void sync_names(std::size_t cell);
    /// Every state the machine may be in after the power went: each cell at its durable value or at any later one,
    /// dirty content torn or whole.
    std::vector<World> cuts() const;
};

/// Serves the sync requests of ModelKind; everything else is refused.
class ModelHost final : public Host {
  public:
    explicit ModelHost(World& world) : world_(world) {}
    Result<Location> locate(const std::string& path) override;
    Result<std::shared_ptr<Directory>> open_directory(const std::string& path) override;
    Result<FileSystemInfo> file_system(Directory& directory) override;
    Status sync(const std::vector<SyncRequest>& requests) override;
    Status sync_everything() override { return {}; }
    Result<ProcessOutcome> run(const ProcessSpec& spec) override;
    Result<HttpResponse> http(const HttpRequest& request, const StopToken* stop) override;
    Status connect_tcp(const std::string& host, int port, Nanoseconds timeout) override;
    std::uint32_t user_id() const override { return 0; }
    Result<std::uint32_t> user_by_name(const std::string& name) override;
    Result<std::uint32_t> group_by_name(const std::string& name) override;
    std::string user_name(std::uint32_t uid) override { return std::to_string(uid); }
    std::string group_name(std::uint32_t gid) override { return std::to_string(gid); }
    std::string host_name() override { return "model"; }
    const std::string& root() const override { return root_; }

  private:
    World& world_;
    std::string root_ = "/";
};

class NoImages final : public ImageStore {
  public:
    Result<std::string> store_for(Directory&, bool) override { return std::string("/images"); }
    Result<std::shared_ptr<Directory>> open(const std::string&) override {
        return Error{ErrorCode::not_found, "no store in the model"};
    }
};

/// All three sorts of steps. arguments: {"cell": n}; image: {"cell": n, "to": "A" | "B"}.
class ModelKind final : public Compensator {
  public:
    explicit ModelKind(World& world);
    const KindInfo& info() const override { return info_; }
    Result<Planned> plan(PlanRequest& request) const override;
    Result<Staged> stage(StepContext& context, const PlannedStep& step) const override;
    Result<Staged> invert(StepContext& context, const Json& image) const override;
    Result<Applied> apply(StepContext& context, const Json& image) const override;
    Result<Observation> observe(StepContext& context, const Json& image, bool deep) const override;
    Result<std::vector<Difference>> verify_kept(StepContext& context, const PlannedStep& step) const override;
    Result<std::vector<SyncRequest>> sync_of(StepContext& context, const Json& image) const override;
    Status release(StepContext& context, const Json& image) const override;
    Result<Json> outputs_of_kept(StepContext& context, const PlannedStep& step) const override;

  private:
    void bring(std::size_t cell, char to) const;
    World& world_;
    KindInfo info_;
};

}  // namespace backout::model
