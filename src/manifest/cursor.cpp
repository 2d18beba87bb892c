#include "manifest/cursor.h"

#include <algorithm>

#include "base/assert.h"

namespace backout {

namespace {

bool is_continuation(std::string_view text, std::size_t at) {
    return at < text.size() && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U;
}

// The bounds of the second byte are what rules out overlong forms, surrogates and values above U+10FFFF.
bool second_byte_fits(unsigned char first, unsigned char second) {
    switch (first) {
        case 0xE0: return second >= 0xA0;
        case 0xED: return second <= 0x9F;
        case 0xF0: return second >= 0x90;
        case 0xF4: return second <= 0x8F;
        default: return true;
    }
}

}  // namespace

std::size_t utf8_length(std::string_view text) {
    if (text.empty()) return 0;
    const auto first = static_cast<unsigned char>(text[0]);
    if (first < 0x80) return 1;
    const std::size_t length = first >= 0xF0 ? 4 : (first >= 0xE0 ? 3 : 2);
    if (first < 0xC2 || first > 0xF4 || !is_continuation(text, 1)) return 0;
    if (!second_byte_fits(first, static_cast<unsigned char>(text[1]))) return 0;
    for (std::size_t at = 2; at < length; ++at) {
        if (!is_continuation(text, at)) return 0;
    }
    return length;
}

void Cursor::skip_byte_order_mark() {
    if (!starts_with("\xEF\xBB\xBF")) return;
    at_ += 3;
    counted_ = at_;
}

Position Cursor::position() {
    const std::size_t end = std::min(at_, text_.size());
    BACKOUT_ASSERT(counted_ <= end);
    for (; counted_ < end; ++counted_) {
        const auto byte = static_cast<unsigned char>(text_[counted_]);
        if (byte == '\n') {
            ++position_.line;
            position_.column = 1;
        } else if ((byte & 0xC0U) != 0x80U) {
            ++position_.column;
        }
    }
    return position_;
}

}  // namespace backout
