#include "base/secret_words.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/bytes.h"
#include "base/json.h"
#include "base/text.h"

namespace backout {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";
constexpr const char* kMask = "(secret)";

struct Span {
    std::size_t begin = 0;
    std::size_t end = 0;
};
using Spans = std::vector<Span>;

SecretPiece trimmed_piece(std::string_view secret, SecretPiece piece) {
    const std::string_view text = secret.substr(piece.from, piece.bytes);
    const std::size_t begin = text.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) return {piece.from, 0};
    return {piece.from + begin, text.find_last_not_of(kBlanks) + 1 - begin};
}

std::vector<SecretPiece> lines_of(std::string_view secret) {
    std::vector<SecretPiece> lines;
    for (std::size_t from = 0; from < secret.size();) {
        const std::size_t end = std::min(secret.find('\n', from), secret.size());
        lines.push_back(trimmed_piece(secret, {from, end - from}));
        from = end + 1;
    }
    return lines;
}

std::string inside_json(const std::string& text) {
    const std::string quoted = dump_canonical(Json(text));
    return quoted.substr(1, quoted.size() - 2);
}

/// As the last words of a program are told.
std::string joined_lines(const std::string& secret) {
    std::vector<std::string> lines;
    for (const SecretPiece& line : lines_of(secret)) {
        if (line.bytes > 0) lines.push_back(printable(secret.substr(line.from, line.bytes)));
    }
    return join(lines, " | ");
}

void add_all(Spans& spans, const std::string& text, const std::string& word) {
    for (std::size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1))
        spans.push_back({at, at + word.size()});
}

/// The longest end of `word` that `text` goes on with at `at`, or the longest beginning that it comes to there.
std::size_t cut_after(std::string_view text, std::size_t at, const std::string& word) {
    for (std::size_t bytes = std::min(word.size() - 1, text.size() - at); bytes >= kShortestSecretLine; --bytes) {
        if (text.compare(at, bytes, word, word.size() - bytes, bytes) == 0) return bytes;
    }
    return 0;
}
std::size_t cut_before(std::string_view text, std::size_t at, const std::string& word) {
    for (std::size_t bytes = std::min(word.size() - 1, at); bytes >= kShortestSecretLine; --bytes) {
        if (text.compare(at - bytes, bytes, word, 0, bytes) == 0) return bytes;
    }
    return 0;
}

/// Long texts are cut by this program before anybody masks them.
void add_cut_off(Spans& spans, const std::string& text, const std::string& word) {
    for (const std::string_view dots : {"...", "…"}) {
        for (std::size_t at = text.find(dots); at != std::string::npos; at = text.find(dots, at + dots.size())) {
            const std::size_t after = at + dots.size();
            if (const std::size_t bytes = cut_after(text, after, word)) spans.push_back({after, after + bytes});
            if (const std::size_t bytes = cut_before(text, at, word)) spans.push_back({at - bytes, at});
        }
    }
}

void merge_overlapping(Spans& spans) {
    std::sort(spans.begin(), spans.end(), [](const Span& one, const Span& other) { return one.begin < other.begin; });
    Spans merged;
    for (const Span& span : spans) {
        if (!merged.empty() && span.begin < merged.back().end) {
            merged.back().end = std::max(merged.back().end, span.end);
        } else {
            merged.push_back(span);
        }
    }
    spans = std::move(merged);
}

}  // namespace

std::vector<SecretPiece> pieces_of_secret(std::string_view secret) {
    if (secret.size() < kShortestSecret) return {};
    std::vector<SecretPiece> pieces = {{0, secret.size()}};
    const SecretPiece trimmed = trimmed_piece(secret, pieces.front());
    if (trimmed.bytes < secret.size() && trimmed.bytes >= kShortestSecret) pieces.push_back(trimmed);
    for (const SecretPiece& line : lines_of(secret)) {
        if (line.bytes < trimmed.bytes && line.bytes >= kShortestSecretLine) pieces.push_back(line);
    }
    return pieces;
}

void SecretWords::add(const std::string& secret) {
    const std::vector<SecretPiece> pieces = pieces_of_secret(secret);
    if (pieces.empty()) return;
    words_.insert({to_base64(secret), joined_lines(secret)});
    for (const SecretPiece& piece : pieces) {
        const std::string word = secret.substr(piece.from, piece.bytes);
        words_.insert({word, printable(word), inside_json(word), inside_json(printable(word))});
    }
    words_.erase("");  // of nothing but blanks no line is left to be joined
}

std::string SecretWords::masked(std::string text) const {
    Spans spans;
    for (const std::string& word : words_) {
        add_all(spans, text, word);
        add_cut_off(spans, text, word);
    }
    merge_overlapping(spans);
    for (auto span = spans.rbegin(); span != spans.rend(); ++span)
        text.replace(span->begin, span->end - span->begin, kMask);
    return text;
}

}  // namespace backout
