#pragma once
// One kind of edit each, on a text without byte order mark. Used by text_edit.cpp alone.

#include "base/json.h"
#include "base/result.h"
#include "compensators/pattern.h"
#include "compensators/text_edit_lines.h"
#include "compensators/text_edit_splice.h"

namespace backout {

/// What an edit works on: the text so far, and where its bytes begin (behind a byte order mark).
class EditedText {
  public:
    EditedText(SpliceList& list, std::size_t start) : list_(list), start_(start) {}

    std::string_view text() const { return std::string_view(list_.current()).substr(start_); }
    std::string_view line_end() const { return line_end_of(text()); }
    void replace(std::size_t offset, std::size_t length, const Bytes& inserted) {
        list_.replace(start_ + offset, length, inserted);
    }
    /// Puts whole lines (each with its end) in before the line that begins at `offset`; gives a last line without end
    /// one.
    void insert_lines(std::size_t offset, const Bytes& lines);

  private:
    SpliceList& list_;
    std::size_t start_;
};

Status edit_line(const Json& edit, EditedText& text);
/// True iff nothing matched and nothing looks replaced already.
Result<bool> edit_regex(const Json& edit, EditedText& text);
Status edit_block(const Json& edit, EditedText& text);
Status edit_ini(const Json& edit, EditedText& text);

/// Where new lines go, as `after` and `before` of an edit say; without either at the end.
Result<std::size_t> place_for_lines(const Json& edit, std::string_view text);
/// Line numbers from 1, for messages: "3, 9 and 12".
std::string line_numbers(const std::vector<std::size_t>& lines);
bool wants_absent(const Json& edit);

}  // namespace backout
