#pragma once
// A world for tests of file kinds: a host, an image store on each mount, and the road of one step as the engine walks
// it (plan, stage, barrier 1, apply, barrier 2, look, invert).

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "compensators/compensator.h"
#include "host/host.h"
#include "host/mem_host.h"
#include "plan/plan.h"

namespace backout {

/// Time that passes by itself, a little at each look: renames come within the tolerance of kernel clocks. A test that
/// needs more of it says so.
class SlowClock final : public Clock {
  public:
    UnixNanoseconds now() override { return time_ += 1000; }
    Nanoseconds monotonic() override { return time_ += 1000; }
    void sleep(Nanoseconds duration) override { time_ += duration; }

  private:
    UnixNanoseconds time_ = 1'700'000'000 * kSecond;
};

/// One private directory at each mount point.
class TestImageStore final : public ImageStore {
  public:
    explicit TestImageStore(Host& host) : host_(host) {}

    Result<std::string> store_for(Directory& parent, bool exclude_state) override {
        BACKOUT_TRY_ASSIGN(const FileSystemInfo info, host_.file_system(parent));
        excluded = excluded || exclude_state;
        const std::string mount = exclude_state && !elsewhere.empty() ? elsewhere : info.mount_point;
        const std::string path = (mount == "/" ? "" : mount) + "/.store";
        BACKOUT_TRY_ASSIGN(const Location location, host_.locate(path));
        BACKOUT_TRY_ASSIGN(const FileStatus status, location.directory->status(location.name));
        if (!status.present()) BACKOUT_TRY(location.directory->make_directory(location.name, 0700));
        return path;
    }
    Result<std::shared_ptr<Directory>> open(const std::string& store) override { return host_.open_directory(store); }

    std::string elsewhere;  ///< mount to use when the one in the state directory is excluded
    bool excluded = false;

  private:
    Host& host_;
};

template <typename T>
T must(Result<T> result) {
    if (!result.ok()) throw std::runtime_error(result.error().text());
    return std::move(result).value();
}
inline void must(Status status) {
    if (!status.ok()) throw std::runtime_error(status.error().text());
}

/// The engine's part of a step's life.
class StepRoad {
  public:
    explicit StepRoad(Host& host) : host_(host), store_(host), registry_(make_builtin_registry()) {}

    StepContext context() {
        return {
            .host = host_, .images = store_, .slot_prefix = "t" + std::to_string(next_prefix_++), .step_id = "step"};
    }
    const Compensator& kind(const std::string& name) const {
        const Compensator* found = registry_.find(name);
        if (found == nullptr) throw std::runtime_error("no kind " + name);
        return *found;
    }

    Result<Planned> plan(const std::string& name, const Json& with) {
        const auto world = make_host_world_view(host_);
        PlanRequest request{.id = "step", .with = with, .manifest_directory = "/work", .world = *world, .host = host_};
        return kind(name).plan(request);
    }
    PlannedStep step_of(const std::string& name, const Planned& planned) const {
        PlannedStep step;
        step.id = "step";
        step.kind = name;
        step.operation = planned.operation;
        step.target = planned.target;
        step.arguments = planned.arguments;
        step.before = planned.before;
        step.after = planned.after;
        return step;
    }
    PlannedStep planned_step(const std::string& name, const Json& with) {
        return step_of(name, must(plan(name, with)));
    }

    Result<Json> stage(const PlannedStep& step) {
        StepContext c = context();
        BACKOUT_TRY_ASSIGN(Staged staged, kind(step.kind).stage(c, step));
        BACKOUT_TRY(host_.sync(staged.sync));
        return staged.image;
    }
    Result<Applied> apply(const std::string& name, const Json& image, bool overwrite = false) {
        StepContext c = context();
        c.overwrite_conflicts = overwrite;
        BACKOUT_TRY_ASSIGN(Applied applied, kind(name).apply(c, image));
        BACKOUT_TRY(host_.sync(applied.sync));
        return applied;
    }
    Result<Json> invert(const std::string& name, const Json& image, bool overwrite = false, bool in_doubt = false) {
        StepContext c = context();
        c.overwrite_conflicts = overwrite;
        c.in_doubt = in_doubt;
        BACKOUT_TRY_ASSIGN(Staged staged, kind(name).invert(c, image));
        BACKOUT_TRY(host_.sync(staged.sync));
        return staged.image;
    }
    Observation observe(const std::string& name, const Json& image, bool deep = false) {
        StepContext c = context();
        return must(kind(name).observe(c, image, deep));
    }
    Where where(const std::string& name, const Json& image, bool deep = false) {
        return observe(name, image, deep).where;
    }
    /// Plans, stages and applies; returns the image.
    Json run(const std::string& name, const Json& with) {
        const PlannedStep step = planned_step(name, with);
        const Json image = must(stage(step));
        const Applied applied = must(apply(name, image));
        if (!applied.conflicts.empty()) throw std::runtime_error("conflict: " + describe(applied.conflicts.front()));
        return image;
    }
    /// Inverts and applies; returns the inverse image.
    Json take_back(const std::string& name, const Json& image) {
        const Json inverse = must(invert(name, image));
        const Applied applied = must(apply(name, inverse));
        if (!applied.conflicts.empty()) throw std::runtime_error("conflict: " + describe(applied.conflicts.front()));
        return inverse;
    }

    Host& host() { return host_; }
    TestImageStore& store() { return store_; }

  private:
    Host& host_;
    TestImageStore store_;
    Registry registry_;
    int next_prefix_ = 0;
};

/// Everything but the stores, one entry a line, with the times of directories.
inline std::string picture(const MemHost& host) {
    std::string text;
    for (const auto& [path, entry] : host.snapshot()) {
        if (path.find("/.store") != std::string::npos) continue;
        text += path + " " + entry.text();
        if (entry.status.type == EntryType::directory) text += " dir-mtime=" + std::to_string(entry.status.mtime);
        text += "\n";
    }
    return text;
}

inline std::string without_directory_times(const MemHost& host) {
    std::string text;
    for (const auto& [path, entry] : host.snapshot()) {
        if (path.find("/.store") == std::string::npos) text += path + " " + entry.text() + "\n";
    }
    return text;
}

/// Only contents, for comparing with something that was made in another way.
inline std::map<std::string, std::string> contents(const MemHost& host) {
    std::map<std::string, std::string> result;
    for (const auto& [path, entry] : host.snapshot()) {
        if (path.find("/.store") == std::string::npos) result[path] = entry.content;
    }
    return result;
}

}  // namespace backout
