#pragma once
// The plan: an immutable, digested value. What `plan` shows is the very object that `apply` executes (P1). No disk, no
// clock, and no word of any domain: categories, operations and targets are strings.

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"

namespace backout {

enum class Reversibility { reversible, conditional, irreversible };
const char* to_string(Reversibility value);
Result<Reversibility> reversibility_from(const std::string& text);

struct UndoDeclaration {
    std::string description;  ///< in words: "former file comes back"
    Reversibility reversibility = Reversibility::reversible;
    std::string condition = {};  ///< in words, when conditional
};

/// Whether a kill in the middle can leave something that is neither before nor after.
enum class Effect {
    none,      ///< changes nothing (check, keep, skip)
    atomic,    ///< made of renames and the like: each part is before or after
    tearable,  ///< commands, package managers, remote calls
};
const char* to_string(Effect value);
Result<Effect> effect_from(const std::string& text);

/// Something a step lays hands on. Two steps on one resource need an order.
struct Resource {
    std::string type = "path";  ///< "path", "json", "service", "url", …
    std::string key;            ///< for paths: real parent + name
    bool tree = false;          ///< covers everything below
    std::string part = {};      ///< an entry inside (JSON pointer, edit): parts of one key share its order
};
bool overlaps(const Resource& a, const Resource& b);

struct RetryPolicy {
    int attempts = 1;
    Nanoseconds backoff = kSecond;  ///< doubled each time
    Nanoseconds longest = 60 * kSecond;
};

/// Where the step of a rollback run comes from.
struct Origin {
    std::string run;
    std::uint32_t step = 0;
};

struct PlannedStep {
    std::uint32_t step = 0;  ///< 1…n in execution order, for display
    std::string id;          ///< identity
    std::string kind;        ///< "file.write"
    std::string category;    ///< "file"
    std::string operation;   ///< "create update delete keep skip run …"
    std::string target;
    std::string description = {};
    std::string reason = {};                    ///< why it is kept or skipped
    Json details = nullptr;                     ///< for people and renderers: what changes, with diff material
    Json arguments = nullptr;                   ///< what apply gets; deferred and secret parts as {"$template": …}
    Json before = nullptr;                      ///< recorded preconditions, null for absence
    Json after = nullptr;                       ///< expectation; null for absence
    std::vector<std::string> known_after = {};  ///< ids of steps whose results this step's details wait for
    UndoDeclaration undo;
    std::vector<Resource> resources = {};
    std::vector<std::string> superseded = {};  ///< resource keys of this step that a later step changes again
    std::vector<std::string> depends_on =
        {};  ///< ids: must have succeeded; made by hand, by reference, or by what it sees
    std::vector<std::string> after_ids = {};  ///< ids: order only (JSON "order_after")
    std::string group = {};
    bool pivot = false;
    bool irreversible = false;  ///< the manifest says so, or the kind
    bool requires_input = false;
    bool every_time = false;  ///< runs at every apply by nature; said in the plan
    Effect effect = Effect::atomic;
    RetryPolicy retry = {};
    Nanoseconds timeout = 0;        ///< 0: none
    std::vector<Json> verify = {};  ///< check objects besides the kind's own verification
    Origin origin = {};             ///< of a rollback run

    bool changes() const { return operation != "keep" && operation != "skip"; }
};

enum class OnDrift { rollback, stop };

struct Plan {
    std::string name;
    std::string command;  ///< as given, without output flags
    UnixNanoseconds created = 0;
    std::string host;
    std::string root = "/";
    Json state = nullptr;  ///< all that was detected: {"paths": {KEY: state}, "facts": {...}, "inputs": {...}, …}
    std::vector<PlannedStep> steps = {};
    std::vector<Json> verify = {};  ///< checks of the whole plan
    OnDrift on_drift = OnDrift::rollback;
    std::string manifest_directory = "/";
    std::string undoes = {};  ///< rollback runs: the run that is taken back
    std::vector<std::string> warnings = {};
    Json context = nullptr;   ///< free for planners and embedders
    std::string id = {};      ///< names this document; used once
    std::string digest = {};  ///< SHA-256 over all but id, created and digest

    bool has_changes() const;
    const PlannedStep* find(const std::string& step_id) const;
};

}  // namespace backout
