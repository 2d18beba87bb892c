#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "compensators/text_edit_steps.h"

namespace backout {

namespace {

constexpr const char* kDefaultMarker = "# {mark} backout";

std::string marker_line(const Json& edit, const std::string& mark) {
    std::string marker = string_member(edit, "marker", kDefaultMarker);
    const std::size_t at = marker.find("{mark}");
    return marker.replace(at, 6, mark);
}

/// The block's lines with the ends that the file has, markers around them.
Bytes block_text(const Json& edit, const std::string& end) {
    Bytes text = marker_line(edit, "BEGIN") + end;
    std::string block = edit["block"].get<std::string>();
    if (!block.empty() && block.back() == '\n') block.pop_back();
    if (!block.empty()) {
        for (std::string line : split(block, '\n')) {
            if (!line.empty() && line.back() == '\r') line.pop_back();
            text += line + end;
        }
    }
    return text + marker_line(edit, "END") + end;
}

std::vector<std::size_t> lines_equal_to(const std::string& wanted, std::string_view text,
                                        const std::vector<TextLine>& lines) {
    std::vector<std::size_t> found;
    for (std::size_t index = 0; index < lines.size(); ++index) {
        if (lines[index].text_in(text) == wanted) found.push_back(index);
    }
    return found;
}

}  // namespace

Status edit_block(const Json& edit, EditedText& text) {
    const std::vector<TextLine> lines = split_lines(text.text());
    const std::vector<std::size_t> begins = lines_equal_to(marker_line(edit, "BEGIN"), text.text(), lines);
    const std::vector<std::size_t> ends = lines_equal_to(marker_line(edit, "END"), text.text(), lines);
    if (begins.empty() && ends.empty()) {
        if (wants_absent(edit)) return {};
        BACKOUT_TRY_ASSIGN(const std::size_t place, place_for_lines(edit, text.text()));
        text.insert_lines(place, block_text(edit, std::string(text.line_end())));
        return {};
    }
    if (begins.size() != 1 || ends.size() != 1 || ends[0] < begins[0]) {
        std::vector<std::size_t> all = begins;
        all.insert(all.end(), ends.begin(), ends.end());
        std::sort(all.begin(), all.end());
        return Error{ErrorCode::invalid,
                     "the markers of the block, in the lines " + line_numbers(all) +
                         ", are no single pair of BEGIN and END; mend the file or give another marker"};
    }
    const std::size_t begin = lines[begins[0]].begin;
    const TextLine& last = lines[ends[0]];
    if (wants_absent(edit)) {
        text.replace(begin, last.end - begin, "");
        return {};
    }
    Bytes wanted = block_text(edit, std::string(text.line_end()));
    if (last.end == last.text_end) wanted.resize(wanted.size() - text.line_end().size());
    text.replace(begin, last.end - begin, wanted);
    return {};
}

}  // namespace backout
