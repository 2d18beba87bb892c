#pragma once
// The files that a person names on the command line: what is read ("-" is standard input), and the one that -o writes.

#include <string>
#include <vector>

#include "base/result.h"

namespace backout {

struct InputText {
    std::string name;       ///< as given: for messages
    std::string directory;  ///< absolute: what relative paths are relative to
    std::string text;
    bool is_plan = false;  ///< it says "format": "backout-plan/…"
};

/// Errors: `invalid` (unreadable, missing, a directory, larger than 1 GiB), with the name.
Result<InputText> read_input(const std::string& name, const std::string& working_directory);
/// True iff `text` is an object whose "format" begins with "backout-plan/".
bool looks_like_plan(const std::string& text);

/// Before anything else is done: can `path` be written by -o? Errors: `usage` if it is one of `inputs` or no regular
/// file, `not_found` if its folder is missing.
Status check_output(const std::string& path, const std::vector<std::string>& inputs);
/// Writes beside and renames, mode 0600. **Durable** when it returns; on failure nothing is left. Refuses to replace
/// anything but a regular file (`usage`).
Status write_output(const std::string& path, const std::string& text);

}  // namespace backout
