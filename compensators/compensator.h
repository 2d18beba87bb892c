#pragma once
// A kind: the code that can plan, stage, apply, observe, verify and invert one sort of change. CONTRACT.md in this
// folder says how to add one. Kinds return images, they never record; they know neither journal nor clock nor log.
//
// The idea that carries everything: **undo is the application of an inverse image.** `stage` makes an image from the
// step's arguments; `invert` makes one from an image. Both are made durable before `apply` touches the world, and
// `apply`, `observe` and `verify` treat them alike. So going back, resuming, and taking back a rollback are one code
// path.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"
#include "base/stop.h"
#include "compensators/world_view.h"
#include "host/host.h"
#include "host/image_store.h"
#include "plan/plan.h"

namespace backout {

// ---- planning -------------------------------------------------------------------------------------------------------

struct PlanRequest {
    std::string id;
    Json with;  ///< references resolved; deferred and secret ones as {"$template": …} (plan/template.h)
    std::string manifest_directory;  ///< relative paths are relative to it
    WorldView& world;
    Host& host;  ///< for read-only looks: probes, users by name, sources
    /// Templates that can be expanded before the run (secrets) with their values, for probes. Unset: none can.
    std::function<Result<Json>(const Json&)> expand = {};
};

/// What a step will have left at a path, for the steps after it.
struct Prediction {
    std::string path;
    bool known = true;  ///< false: can't be known before the step has run
    EntryState state = {};
    std::optional<Bytes> content = {};  ///< of files, when it is at hand
    std::string content_path = {};      ///< else a real file that holds the same bytes now
    std::vector<TreeEntry> tree = {};   ///< of directories that come with contents
};

struct Planned {
    std::string operation;  ///< "create", "update", "delete", "keep", "run", …
    std::string target;
    std::string reason = {};
    Json details = nullptr;
    Json arguments = nullptr;  ///< normalised: absolute paths, numbers for modes and owners
    Json before = nullptr;
    Json after = nullptr;
    std::vector<std::string> known_after = {};
    UndoDeclaration undo = {};
    std::vector<Resource> resources = {};
    std::vector<Prediction> predictions = {};
    std::vector<std::string> warnings = {};
    bool every_time = false;
    Effect effect = Effect::atomic;
    /// Bytes that staging will need on the file system of the path: checked before the first step.
    std::vector<std::pair<std::string, std::uint64_t>> space = {};
    /// The step can't be executed; this is why. It is told unless the planner keeps the step, because the chain of
    /// steps that it belongs to ends in what is there already (planner/settled_chains.h).
    std::optional<Error> unless_kept = {};
};

// ---- execution ------------------------------------------------------------------------------------------------------

/// What a kind may use while it works. Lives as long as one call.
struct StepContext {
    Host& host;
    ImageStore& images;
    const StopToken* stop = nullptr;
    std::string slot_prefix =
        {};  ///< "r12-s3": names in image stores start with it (fresh for each image that is made)
    std::string step_id = {};
    Nanoseconds timeout = 0;
    std::function<void(const std::string& stream, std::string_view bytes)> output = {};
    std::function<void(int pid, std::uint64_t start_time)> child_started = {};
    /// Expands templates in an image: kinds whose image holds commands or requests keep them unexpanded, so that no
    /// secret is stored, and expand just before they act. Unset: there are none.
    std::function<Result<Json>(const Json&)> expand = {};
    /// While staging: the step's arguments as the plan has them, templates unexpanded. Null: the same as
    /// step.arguments.
    const Json* planned_arguments = nullptr;
    Clock* clock = nullptr;  ///< for waiting (check); null: the system's
    /// Observing what is to be taken back: what others put into things that the image made counts, for it stays.
    bool going_back = false;
    /// The journal has an intent without an outcome: what is looked at, or taken back, may be half done.
    bool in_doubt = false;
    bool overwrite_conflicts =
        false;  ///< a person said so (--overwrite-conflict): what stands there is kept as an image
    std::vector<std::string> superseded = {};  ///< resource keys that a later step changed: left out of verification
};

struct Staged {
    Json image;                          ///< all that apply, observe, verify and invert need; opaque to everybody else
    std::vector<SyncRequest> sync = {};  ///< barrier 1: must be durable before the intent
    /// Of `invert`: what is left to others, as `apply` of the image will report it. Seen here, the image isn't done
    /// even where nothing of it is left to do.
    std::vector<Difference> conflicts = {};
};

/// Where the world stands, compared with an image.
enum class Where {
    before,      ///< nothing of the image's effect is there
    after,       ///< all of it is there
    both,        ///< before and after are alike
    mixed,       ///< a step with several atomic parts: some before, some after, some perhaps foreign
    neither,     ///< something else is there: somebody's change, or our own tear
    unreadable,  ///< can't be looked at
};
const char* to_string(Where where);

struct Observation {
    Where where = Where::unreadable;
    std::vector<Difference> differences = {};  ///< from the nearer end: what a person would want to see
    std::string note = {};
    /// False: the kind has no means to look (a command without probe). `where` is `neither` then; recovery asks a
    /// person, a verification has nothing to compare.
    bool can_tell = true;
};

struct Applied {
    Json outputs = nullptr;                  ///< for later steps' references; never secrets
    Json result = nullptr;                   ///< for the report (exit status, counts)
    std::vector<SyncRequest> sync = {};      ///< barrier 2
    std::vector<Difference> conflicts = {};  ///< parts that somebody else changed: left alone (or put back)
    bool was_already = false;                ///< nothing had to be done
    bool untouched = false;                  ///< with conflicts: surely no part of the image was changed by this call
};

/// A kind's own documentation, printed by `backout kinds KIND` from here and nowhere else.
struct KindParameter {
    std::string name;
    std::string type;  ///< "string", "path", "mode", "boolean", "list of strings", "object", …
    bool required = false;
    std::string description;
    Json schema = nullptr;  ///< JSON Schema of the value
};
struct KindInfo {
    std::string name;  ///< "file.write"
    std::string summary;
    std::vector<KindParameter> parameters;
    std::string detects;
    std::string verifies;
    std::string undo_restores;
    std::string undo_cannot;
    std::vector<std::string> outputs = {};
    std::string example;      ///< an action as in a manifest
    std::string one_of = {};  ///< "content, content_base64, source, template": exactly one is wanted
};

class Compensator {
  public:
    virtual ~Compensator() = default;
    virtual const KindInfo& info() const = 0;

    /// Decides once what the step will do. Touches nothing. Errors: `invalid` (arguments), `not_permitted` (target
    /// can't be written: found here, before the first step), `wrong_type`, …
    virtual Result<Planned> plan(PlanRequest& request) const = 0;

    /// Makes the new content (or its emptiness) ready in an image store, and looks at what is there. The target is not
    /// touched. `step.arguments` has its templates expanded. Errors: `stale`/`conflict` if step.before no longer holds.
    /// On failure what was staged is removed.
    virtual Result<Staged> stage(StepContext& context, const PlannedStep& step) const = 0;

    /// The image that takes `image` back. Usually the same slots the other way round, without new space; where others
    /// changed the rest of a shared file since, a new content is staged. `image` itself stays as it is.
    virtual Result<Staged> invert(StepContext& context, const Json& image) const = 0;

    /// Looks just before it acts, and at what came out just after (invariant 2). Idempotent: continues where a crash
    /// left it. Foreign parts are left alone and returned as conflicts. Not durable until the returned sync requests
    /// were served.
    virtual Result<Applied> apply(StepContext& context, const Json& image) const = 0;

    /// Compares the world with the image. Cheap (inodes and fingerprints) unless `deep`. Changes nothing.
    virtual Result<Observation> observe(StepContext& context, const Json& image, bool deep) const = 0;

    /// Drift of a kept step: compares the world with the plan's `after`. Empty: in step. Default: by `after` of paths.
    virtual Result<std::vector<Difference>> verify_kept(StepContext& context, const PlannedStep& step) const = 0;

    /// What must be durable before a conclusion drawn from looking may be recorded (invariant 8).
    virtual Result<std::vector<SyncRequest>> sync_of(StepContext& context, const Json& image) const = 0;

    /// Removes what the image holds in image stores (prune, or after a run that rolled itself back).
    virtual Status release(StepContext& context, const Json& image) const = 0;

    /// Outputs as they can be read from the world for a kept step. Null: none.
    virtual Result<Json> outputs_of_kept(StepContext& context, const PlannedStep& step) const = 0;
};

/// All kinds of a process. Not a singleton: the composition root makes one, programs add their own.
class Registry {
  public:
    /// Requires: no kind of that name is there.
    void add(std::unique_ptr<Compensator> kind);
    const Compensator* find(const std::string& name) const;
    std::vector<std::string> names() const;  ///< sorted

  private:
    std::vector<std::unique_ptr<Compensator>> kinds_;
};

/// The kinds that come with Backout.
Registry make_builtin_registry();

}  // namespace backout
