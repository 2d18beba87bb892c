#pragma once
// The world as each step of a plan will find it: what earlier steps will have left, laid over the real one. It writes
// down every look at the real world (the plan's state, checked again before the plan is executed), and which steps'
// predictions a step has seen (they become its dependencies: it was planned on their success). It changes nothing.
// Invariant: a key is looked at once; all steps of a plan see one and the same state of the real world.

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/json.h"
#include "compensators/compensator.h"
#include "compensators/world_view.h"

namespace backout {

/// The "step" of what is laid over the world before the first one: what stood there before a manifest was executed.
inline constexpr const char* kBeforeAllSteps = "";

class PredictedWorld final : public WorldView {
  public:
    /// Requires: both outlive this.
    PredictedWorld(WorldView& real, Host& host) : real_(real), host_(host) {}

    Result<std::string> key_of(const std::string& path) override;
    Result<Seen> look(const std::string& path) override;
    Result<Seen> look_at_attributes(const std::string& path) override;
    Result<Seen> look_tree(const std::string& path) override;
    /// Errors also: `in_doubt` if the content is only known after an earlier step; the message names it.
    Result<Bytes> read(const std::string& path, std::uint64_t limit) override;
    Result<std::vector<std::string>> list(const std::string& path) override;

    /// The content that earlier steps will have left there; nothing where none of them has a say. Errors as of `read`.
    Result<std::optional<Bytes>> read_predicted(const std::string& path, std::uint64_t limit);

    /// From here on looks are those of another step.
    void begin_step() { seen_.clear(); }
    /// Ids of the steps whose predictions were looked at since `begin_step`, sorted.
    std::vector<std::string> steps_seen() const { return {seen_.begin(), seen_.end()}; }
    /// Lays what step `id` will leave over the world.
    Status predict(const std::string& id, const Prediction& prediction);

    /// The state of a key, if all steps together leave there just what is there now; `tree`: with all below.
    std::optional<EntryState> unchanged_end(const std::string& key, bool tree);

    /// {"paths": {KEY: state or null}, "lists": {KEY: [names]}}: all that was seen of the real world.
    Json observed() const;
    /// The state in which the real world was seen at a key, if it was.
    const EntryState* observed(const std::string& key) const;

  private:
    struct Layer {
        std::string step;
        Prediction prediction;  // `path` is the key
        bool covers = true;     // says also what is below: false for directories that keep what they hold
    };
    /// What decides about a key: an exact layer, one of an ancestor, or nothing (the real world).
    struct Decision {
        const Layer* layer = nullptr;
        std::string below = {};  // the key relative to the layer's, "" for the layer itself
    };

    Result<std::string> real_key_of(const std::string& path);
    Decision decide(const std::string& key);
    const Layer* layer_at(const std::string& key) const;
    Result<std::string> walk(const std::string& path, int links_left);
    Result<std::string> enter(const std::string& directory, const std::string& name, int links_left);
    bool has_layers_below(const std::string& key) const;
    Result<Seen> look_at_real(const std::string& key);
    Result<Seen> look_at_real_tree(const std::string& key);
    Result<EntryState> with_content(const Prediction& prediction);
    Result<Seen> look_at(const std::string& key);
    Result<std::vector<TreeEntry>> real_tree(const std::string& key);
    Result<std::optional<std::vector<TreeEntry>>> tree_at(const std::string& key, std::string& unknown_after);
    Result<bool> lay_over(const std::string& key, std::vector<TreeEntry>& entries, std::string& unknown_after);
    Result<Bytes> read_layer(const Decision& decision, const std::string& key, std::uint64_t limit);

    WorldView& real_;
    Host& host_;
    std::map<std::string, Layer> layers_;  // by key
    std::map<std::string, Seen> paths_;    // the real world by key
    std::map<std::string, std::vector<std::string>> lists_;
    std::map<std::string, std::string> parents_;  // real keys of directories by the path that led there
    std::set<std::string> seen_;
    bool links_changed_ = false;  // a prediction made, removed or replaced a link: real paths may lead elsewhere
};

}  // namespace backout
