#include "report/style.h"

#include <algorithm>
#include <initializer_list>
#include <vector>

#include "base/bytes.h"
#include "base/text.h"

namespace backout {

namespace {

const char* escape_of(Tone tone) {
    switch (tone) {
        case Tone::plain: return "";
        case Tone::strong: return "\x1b[1m";
        case Tone::faint: return "\x1b[2m";
        case Tone::good: return "\x1b[32m";
        case Tone::caution: return "\x1b[33m";
        case Tone::bad: return "\x1b[1;31m";
        case Tone::created: return "\x1b[32m";
        case Tone::changed: return "\x1b[33m";
        case Tone::removed: return "\x1b[31m";
    }
    return "";
}

bool is_one_of(const std::string& word, std::initializer_list<const char*> words) {
    for (const char* candidate : words) {
        if (word == candidate) return true;
    }
    return false;
}

Tone tone_of_diff_line(std::string_view line) {
    if (line.empty()) return Tone::plain;
    if (line.substr(0, 3) == "+++" || line.substr(0, 3) == "---") return Tone::strong;
    if (line[0] == '+') return Tone::created;
    if (line[0] == '-') return Tone::removed;
    return line[0] == '@' ? Tone::faint : Tone::plain;
}

}  // namespace

std::string Style::paint(Tone tone, std::string_view text) const {
    if (!color_ || tone == Tone::plain || text.empty()) return std::string(text);
    return std::string(escape_of(tone)) + std::string(text) + "\x1b[0m";
}

std::string sign_of(const std::string& operation, bool takes_back) {
    if (operation == "keep") return "=";
    if (operation == "skip") return ".";
    if (takes_back) return "↺";
    if (is_one_of(operation, {"create", "install", "add", "extract"})) return "+";
    if (is_one_of(operation, {"delete", "remove", "uninstall"})) return "-";
    if (is_one_of(operation, {"run", "check", "restart", "reload"})) return "!";
    return "~";
}

Tone tone_of_operation(const std::string& operation) {
    const std::string sign = sign_of(operation, false);
    if (sign == "+") return Tone::created;
    if (sign == "-") return Tone::removed;
    if (sign == "=" || sign == ".") return Tone::faint;
    return Tone::changed;
}

Tone tone_of_state(const std::string& state) {
    if (is_one_of(state, {"done", "committed"})) return Tone::good;
    if (is_one_of(state, {"failed", "undo_failed", "conflict", "residue", "rollback_incomplete"})) return Tone::bad;
    if (is_one_of(state, {"kept", "skipped", "not_reached"})) return Tone::faint;
    return Tone::caution;
}

std::string paint_diff(const Style& style, const std::string& diff, std::size_t indent, std::size_t most_lines) {
    constexpr std::size_t kLongestLine = 400;
    std::string text;
    std::vector<std::string> lines = split(diff, '\n');
    if (!lines.empty() && lines.back().empty()) lines.pop_back();
    const std::size_t shown = std::min(lines.size(), most_lines);
    for (std::size_t at = 0; at < shown; ++at) {
        const std::string line = cut_text(printable(lines[at]), kLongestLine);
        text += std::string(indent, ' ') + style.paint(tone_of_diff_line(lines[at]), line) + "\n";
    }
    if (shown == lines.size()) return text;
    return text + std::string(indent, ' ') + "… " + std::to_string(lines.size() - shown) + " more lines\n";
}

std::string cut_text(const std::string& text, std::size_t most) {
    if (text.size() <= most) return text;
    std::size_t end = most;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
    // What is printable has escapes of at most four characters: a backslash among the last three may begin one.
    const std::size_t backslash = text.rfind('\\', end == 0 ? 0 : end - 1);
    if (backslash != std::string::npos && end - backslash < 4 && end > backslash) end = backslash;
    return text.substr(0, end) + "…";
}

std::size_t columns_of(std::string_view text) {
    std::size_t columns = 0;
    for (const char byte : text) {
        if ((static_cast<unsigned char>(byte) & 0xC0U) != 0x80U) ++columns;
    }
    return columns;
}

std::string padded(const std::string& text, std::size_t width) {
    const std::size_t columns = columns_of(text);
    return columns >= width ? text : text + std::string(width - columns, ' ');
}

}  // namespace backout
