#include "base/bytes.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>

namespace backout {

namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";
constexpr std::string_view kBase64Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::optional<unsigned> hex_value(char digit) {
    if (digit >= '0' && digit <= '9') return static_cast<unsigned>(digit - '0');
    if (digit >= 'a' && digit <= 'f') return static_cast<unsigned>(digit - 'a' + 10);
    if (digit >= 'A' && digit <= 'F') return static_cast<unsigned>(digit - 'A' + 10);
    return std::nullopt;
}

Error invalid(std::string message) {
    Error error;
    error.code = ErrorCode::invalid;
    error.message = std::move(message);
    return error;
}

unsigned byte_at(std::string_view bytes, std::size_t index) {
    return static_cast<unsigned char>(bytes[index]);
}

std::array<int, 256> make_base64_values() {
    std::array<int, 256> values{};
    values.fill(-1);
    for (std::size_t index = 0; index < kBase64Digits.size(); ++index) {
        values[byte_at(kBase64Digits, index)] = static_cast<int>(index);
    }
    return values;
}

// The length of the well-formed UTF-8 sequence at the start of `text`; 0 if there is none. Table 3-7 of the Unicode
// standard: the second byte's range is what excludes overlong forms, surrogates and values above U+10FFFF.
std::size_t utf8_length(std::string_view text) {
    const unsigned first = byte_at(text, 0);
    if (first < 0x80) return 1;
    std::size_t length = 0;
    unsigned low = 0x80;
    unsigned high = 0xbf;
    if (first >= 0xc2 && first <= 0xdf) {
        length = 2;
    } else if (first >= 0xe0 && first <= 0xef) {
        length = 3;
        if (first == 0xe0) low = 0xa0;
        if (first == 0xed) high = 0x9f;
    } else if (first >= 0xf0 && first <= 0xf4) {
        length = 4;
        if (first == 0xf0) low = 0x90;
        if (first == 0xf4) high = 0x8f;
    } else {
        return 0;
    }
    if (text.size() < length || byte_at(text, 1) < low || byte_at(text, 1) > high) return 0;
    for (std::size_t index = 2; index < length; ++index) {
        if ((byte_at(text, index) & 0xc0U) != 0x80U) return 0;
    }
    return length;
}

// Sequences that are well-formed and yet steer a terminal or reorder what a person reads: C1 controls (U+0080-9F), line
// and paragraph separators, and the bidirectional overrides and isolates (U+200E-F, U+2028-2E, U+2066-69).
bool steers_terminal(std::string_view sequence) {
    if (sequence.size() == 1) return byte_at(sequence, 0) < 0x20 || byte_at(sequence, 0) == 0x7f;
    if (sequence.size() == 2) return byte_at(sequence, 0) == 0xc2 && byte_at(sequence, 1) < 0xa0;
    if (sequence.size() != 3 || byte_at(sequence, 0) != 0xe2) return false;
    const unsigned second = byte_at(sequence, 1);
    const unsigned third = byte_at(sequence, 2);
    if (second == 0x80) return third == 0x8e || third == 0x8f || (third >= 0xa8 && third <= 0xae);
    return second == 0x81 && third >= 0xa6 && third <= 0xa9;
}

void append_escaped(std::string& line, std::string_view sequence) {
    for (const char byte : sequence) {
        switch (byte) {
            case '\n': line += "\\n"; break;
            case '\r': line += "\\r"; break;
            case '\t': line += "\\t"; break;
            default: line += "\\x" + to_hex({&byte, 1}); break;
        }
    }
}

}  // namespace

std::string to_hex(std::string_view bytes) {
    std::string hex;
    hex.reserve(bytes.size() * 2);
    for (std::size_t index = 0; index < bytes.size(); ++index) {
        hex += kHexDigits[byte_at(bytes, index) >> 4U];
        hex += kHexDigits[byte_at(bytes, index) & 0xfU];
    }
    return hex;
}

Result<Bytes> from_hex(std::string_view hex) {
    if (hex.size() % 2 != 0) return invalid("hex digits come in pairs, and here is an odd number of them");
    Bytes bytes;
    bytes.reserve(hex.size() / 2);
    for (std::size_t index = 0; index < hex.size(); index += 2) {
        const auto high = hex_value(hex[index]);
        const auto low = hex_value(hex[index + 1]);
        if (!high || !low) return invalid("not a hex digit at or after offset " + std::to_string(index));
        bytes += static_cast<char>((*high << 4U) | *low);
    }
    return bytes;
}

std::string to_base64(std::string_view bytes) {
    std::string text;
    text.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t index = 0; index < bytes.size(); index += 3) {
        const std::size_t count = std::min<std::size_t>(3, bytes.size() - index);
        unsigned group = byte_at(bytes, index) << 16U;
        if (count > 1) group |= byte_at(bytes, index + 1) << 8U;
        if (count > 2) group |= byte_at(bytes, index + 2);
        text += kBase64Digits[(group >> 18U) & 63U];
        text += kBase64Digits[(group >> 12U) & 63U];
        text += count > 1 ? kBase64Digits[(group >> 6U) & 63U] : '=';
        text += count > 2 ? kBase64Digits[group & 63U] : '=';
    }
    return text;
}

Result<Bytes> from_base64(std::string_view text) {
    static const auto kValues = make_base64_values();
    Bytes bytes;
    bytes.reserve(text.size() / 4 * 3);
    unsigned group = 0;
    std::size_t digits = 0;   // of the group of four in hand, padding included
    std::size_t padding = 0;  // '=' seen
    for (std::size_t index = 0; index < text.size(); ++index) {
        const char letter = text[index];
        if (letter == ' ' || letter == '\t' || letter == '\n' || letter == '\r') continue;
        const int value = kValues[byte_at(text, index)];
        const bool is_padding = letter == '=' && digits >= 2;
        if (!is_padding && (value < 0 || padding > 0)) {
            return invalid("not base64 at offset " + std::to_string(index));
        }
        group = (group << 6U) | (is_padding ? 0U : static_cast<unsigned>(value));
        if (is_padding) ++padding;
        if (++digits < 4) continue;
        // Left-over bits would let two texts stand for the same bytes.
        if ((padding == 2 && (group & 0xffffU) != 0) || (padding == 1 && (group & 0xffU) != 0)) {
            return invalid("base64 ends in bits that belong to no byte");
        }
        for (std::size_t byte = 0; byte < 3 - padding; ++byte) {
            bytes += static_cast<char>((group >> (16U - 8U * byte)) & 0xffU);
        }
        group = 0;
        digits = 0;
    }
    if (digits != 0) return invalid("base64 ends inside a group of four; the padding with '=' is missing");
    return bytes;
}

bool is_utf8(std::string_view text) {
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        if (length == 0) return false;
        text.remove_prefix(length);
    }
    return true;
}

std::string printable(std::string_view text) {
    std::string line;
    line.reserve(text.size());
    while (!text.empty()) {
        const std::size_t length = utf8_length(text);
        const std::string_view sequence = text.substr(0, length == 0 ? 1 : length);
        if (length == 0 || steers_terminal(sequence)) {
            append_escaped(line, sequence);
        } else {
            line += sequence;
        }
        text.remove_prefix(sequence.size());
    }
    return line;
}

}  // namespace backout
