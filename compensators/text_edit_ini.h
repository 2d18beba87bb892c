#pragma once
// Lines of an ini file, told what they are. Any text can be read so: what isn't ini has no sections and no harm. Pure.

#include <string>
#include <string_view>
#include <vector>

namespace backout {

struct IniLine {
    std::string section = {};  ///< that it stands in; a header's is its own
    std::string key = {};      ///< of "key = value"; else empty
    bool header = false;
    bool blank = false;
};

/// One for each line, as split_lines counts them. A byte order mark is looked past.
std::vector<IniLine> read_ini(std::string_view text);

}  // namespace backout
