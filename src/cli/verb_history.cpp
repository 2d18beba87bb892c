#include "cli/verbs.h"
#include "report/journal_report.h"

namespace backout {

namespace {

// A point in time, or how long ago.
Result<UnixNanoseconds> since_when(const Arguments& arguments) {
    const std::string given = arguments.text("--since");
    if (given.empty()) return UnixNanoseconds{0};
    if (Result<UnixNanoseconds> time = parse_time(given); time.ok()) return time;
    const Result<Nanoseconds> ago = parse_duration(given);
    if (!ago.ok())
        return Error{ErrorCode::usage,
                     "--since: write a time such as 2026-11-20T02:00:00Z, or how long ago, such as 3d"};
    SystemClock clock;
    return clock.now() - *ago;
}

Result<int> run_history(Context& context) {
    BACKOUT_TRY_ASSIGN(const std::size_t limit, context.arguments.number("--limit", 0));
    BACKOUT_TRY_ASSIGN(const UnixNanoseconds since, since_when(context.arguments));
    BACKOUT_TRY_ASSIGN(Session * session, context.session());
    BACKOUT_TRY_ASSIGN(const std::vector<RunSummary> runs, session->history(limit, since));
    Json list = Json::array();
    for (const RunSummary& run : runs) list.push_back(summary_to_json(run));
    context.show(list, history_as_text(runs, context.render.color));
    if (runs.empty()) context.channels.hint("No runs.");
    return static_cast<int>(ExitCode::done);
}

}  // namespace

VerbSpec history_verb() {
    return {"history",
            "List the runs, newest first",
            "",
            {},
            {{"--limit", "N", "at most so many; 0 is all", false, {}},
             {"--since", "WHEN", "only those that started since then (a time, or 3d)", false, {}}},
            {"backout history", "backout history --limit 10 --json", "backout history --since 7d"},
            run_history};
}

}  // namespace backout
