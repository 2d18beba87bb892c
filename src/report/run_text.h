#pragma once
// A run as text: each step with state, time and how it was verified; drift, conflicts with diffs, residue; and at the
// end where the machine is and the exact commands that lead out.

#include <string>

#include "report/renderer.h"

namespace backout {

std::string run_as_text(const RunReport& report, const RenderOptions& options);
/// What verification said of a step, in a few words: "3 attributes compared", "" if nothing is known.
std::string verification_in_brief(const Json& verify);
/// Lines of one diff that are shown unasked; the rest is counted.
inline constexpr std::size_t kShortDiff = 40;
/// Differences as lines with diffs, indented. Takes the JSON form: [{path, attribute, expected, found, diff}].
std::string differences_as_text(const Json& differences, bool color, std::size_t indent,
                                std::size_t most_lines = kShortDiff);

}  // namespace backout
