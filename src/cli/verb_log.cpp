#include "cli/verbs.h"
#include "report/journal_report.h"

namespace backout {

namespace {

Result<int> run_log(Context& context) {
    const std::string run = context.arguments.text("RUN");
    BACKOUT_TRY_ASSIGN(Session * session, context.session());
    BACKOUT_TRY_ASSIGN(const std::vector<Record> records, session->log(run));
    if (context.json) {
        Json list = Json::array();
        for (const Record& record : records) list.push_back(record_to_json(record));
        context.show(list, "");
        return static_cast<int>(ExitCode::done);
    }
    BACKOUT_TRY_ASSIGN(const RunDetails details, session->show(run));
    context.channels.data(log_as_text(records, details.plan));
    return static_cast<int>(ExitCode::done);
}

}  // namespace

VerbSpec log_verb() {
    return {"log",
            "Print the journal of one run",
            "One line a record; --json has the records whole.",
            {{"RUN", "the run"}},
            {},
            {"backout log r-12", "backout log r-12 --json"},
            run_log};
}

}  // namespace backout
