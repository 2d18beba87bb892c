#pragma once
// The edits of file.edit as pure functions on bytes. They splice: bytes that no edit names stay as they are (CRLF, a
// missing last newline, NUL, invalid UTF-8, a byte order mark). Each edit converges: on its own result it changes
// nothing.
//
//   {"line": TEXT, "state": "present"|"absent", "match": REGEX, "after": REGEX | "before": REGEX}
//       present: the one line that matches `match` becomes TEXT; without `match`, or where nothing matches, TEXT is put
//       after the last line that matches `after`, before the first that matches `before`, or at the end, unless some
//       line is TEXT already. absent: all lines that are TEXT (or match `match`) go.
//   {"regex": REGEX, "replace": TEXT, "count": N}
//       every match becomes TEXT (\1 is a group). `count` is the number of places expected, those that look replaced
//       already included; without it any number will do, also none.
//   {"block": TEXT, "marker": "# {mark} backout", "state": …, "after"|"before": REGEX}
//       the lines between the marker with BEGIN and the marker with END become TEXT, or are put in, or go.
//   {"ini": {"section": S, "key": K, "value": V}} or with "state": "absent" instead of a value
//       the key of that section; a section that is missing is added at the end.

#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/json.h"
#include "base/result.h"
#include "compensators/text_edit_splice.h"

namespace backout {

struct TextEdited {
    Bytes content;
    std::vector<Splice> splices = {};        ///< against the content before
    std::vector<std::string> warnings = {};  ///< "edits[1]: the regular expression matches nothing"
};

/// All complaints about a list of edits; empty if it is sound. Templates pass as texts. Pure.
std::vector<std::string> validate_text_edits(const Json& edits);

/// Requires: `edits` is sound, without templates. Errors: `invalid`, naming the edit: an anchor or a number of matches
/// that isn't there, a marker without its other half, a text in UTF-16.
Result<TextEdited> apply_text_edits(const Json& edits, const Bytes& content);

/// "line 'x' present", "regex '^a' -> 'b'": for people.
std::string describe_text_edit(const Json& edit);

}  // namespace backout
