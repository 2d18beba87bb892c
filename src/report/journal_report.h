#pragma once
// Lists that come straight from the journal: history, the records of one run, and a run as JSON. The JSON shapes are
// part of the contract: every member is always there, null for nothing.

#include <string>
#include <vector>

#include "base/json.h"
#include "journal/record.h"
#include "report/run_report.h"

namespace backout {

/// One run of `history --json`.
Json summary_to_json(const RunSummary& summary);
/// `show RUN --json`.
Json run_report_to_json(const RunReport& report);
/// One record of `log RUN --json`.
Json record_to_json(const Record& record);

/// Newest first, as given: one line a run.
std::string history_as_text(const std::vector<RunSummary>& runs, bool color);
/// One line a record.
std::string log_as_text(const std::vector<Record>& records, const Plan& plan);

/// A time as in JSON: RFC 3339, or null for 0.
Json time_or_null(UnixNanoseconds time);

}  // namespace backout
