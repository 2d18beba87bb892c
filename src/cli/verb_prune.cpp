#include "base/text.h"
#include "cli/verbs.h"

namespace backout {

namespace {

Result<int> run_prune(Context& context) {
    const Arguments& arguments = context.arguments;
    std::optional<std::size_t> keep;
    std::optional<Nanoseconds> older_than;
    if (arguments.has("--keep")) {
        BACKOUT_TRY_ASSIGN(keep, arguments.number("--keep", 0));
    }
    if (arguments.has("--older-than")) {
        BACKOUT_TRY_ASSIGN(older_than, arguments.duration("--older-than", 0));
    }
    if (!keep && !older_than)
        return Error{ErrorCode::usage, "say what to drop: --keep N, --older-than DURATION, or both"};
    const bool dry = arguments.has("--plan");
    BACKOUT_TRY_ASSIGN(Session * session, context.session());
    BACKOUT_TRY_ASSIGN(const Session::Pruned pruned, session->prune(keep, older_than, dry));
    std::string text = pruned.runs.empty()
                           ? std::string("Nothing to drop.\n")
                           : std::string(dry ? "Would drop " : "Dropped ") + join_words(pruned.runs) + ".\n";
    if (pruned.bytes > 0) text += "Images freed: " + human_bytes(pruned.bytes) + ".\n";
    context.show({{"runs", pruned.runs}, {"bytes", pruned.bytes}, {"dropped", !dry}}, text);
    return static_cast<int>(ExitCode::done);
}

}  // namespace

VerbSpec prune_verb() {
    return {
        "prune",
        "Drop old runs and their before-images",
        "A dropped run can't be taken back any more. Never dropped: an unfinished run, and what a later run that still "
        "stands needs. With both flags a run is dropped only if both say so.",
        {},
        {{"--keep", "N", "keep the newest N finished runs", false, {}},
         {"--older-than", "DURATION", "only those that ended before, such as 30d", false, {}},
         {"--plan", "", "only say what would be dropped", false, {}}},
        {"backout prune --keep 20", "backout prune --older-than 90d --plan"},
        run_prune};
}

}  // namespace backout
