#include "compensators/pattern.h"

#include "base/bytes.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

namespace backout {

namespace {

// Bounds on one search. The defaults of the library (10 million, 20 MB of heap) suit hand-written patterns; they are
// repeated here so that a build with other defaults behaves the same.
constexpr std::uint32_t kMatchLimit = 10'000'000;
constexpr std::uint32_t kHeapLimitKib = 65'536;

struct FreeCode {
    void operator()(pcre2_code* code) const { pcre2_code_free(code); }
};
struct FreeMatchData {
    void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
};
struct FreeCompileContext {
    void operator()(pcre2_compile_context* context) const { pcre2_compile_context_free(context); }
};
struct FreeMatchContext {
    void operator()(pcre2_match_context* context) const { pcre2_match_context_free(context); }
};
using CodePointer = std::unique_ptr<pcre2_code, FreeCode>;

std::string message_of(int code) {
    PCRE2_UCHAR buffer[256] = {};
    pcre2_get_error_message(code, buffer, sizeof(buffer));
    return reinterpret_cast<const char*>(buffer);
}

PCRE2_SPTR units(std::string_view text) {
    return reinterpret_cast<PCRE2_SPTR>(text.data());
}

Result<CodePointer> compile_as(const std::string& text, std::uint32_t options) {
    const std::unique_ptr<pcre2_compile_context, FreeCompileContext> context(pcre2_compile_context_create(nullptr));
    if (!context) return Error{ErrorCode::failed, "no memory for a regular expression"};
    pcre2_set_newline(context.get(), PCRE2_NEWLINE_ANYCRLF);
    int code = 0;
    PCRE2_SIZE offset = 0;
    CodePointer compiled(pcre2_compile(units(text), text.size(), options, &code, &offset, context.get()));
    if (compiled) return compiled;
    return Error{ErrorCode::invalid,
                 "regular expression '" + text + "', at character " + std::to_string(offset) + ": " + message_of(code)};
}

PatternMatch match_of(pcre2_match_data* data) {
    PatternMatch match;
    const PCRE2_SIZE* vector = pcre2_get_ovector_pointer(data);
    const std::uint32_t count = pcre2_get_ovector_count(data);
    for (std::uint32_t index = 0; index < count; ++index) {
        match.groups.emplace_back(vector[2 * index], vector[2 * index + 1]);
    }
    match.begin = match.groups[0].first;
    match.end = match.groups[0].second;
    return match;
}

}  // namespace

// Both forms of one pattern: for UTF-8, and for bytes.
struct Pattern::Code {
    CodePointer characters;
    CodePointer bytes;
};

Result<Pattern> Pattern::compile(const std::string& text) {
    auto code = std::make_shared<Code>();
    BACKOUT_TRY_ASSIGN(code->bytes, compile_as(text, PCRE2_MULTILINE));
    if (is_utf8(text)) {
        BACKOUT_TRY_ASSIGN(code->characters, compile_as(text, PCRE2_MULTILINE | PCRE2_UTF));
    }
    return Pattern(text, std::move(code));
}

Result<std::optional<PatternMatch>> Pattern::find(std::string_view subject, std::size_t offset) const {
    const bool characters = code_->characters && is_utf8(subject);
    const pcre2_code* code = characters ? code_->characters.get() : code_->bytes.get();
    const std::unique_ptr<pcre2_match_data, FreeMatchData> data(pcre2_match_data_create_from_pattern(code, nullptr));
    const std::unique_ptr<pcre2_match_context, FreeMatchContext> context(pcre2_match_context_create(nullptr));
    if (!data || !context) return Error{ErrorCode::failed, "no memory for a regular expression"};
    pcre2_set_match_limit(context.get(), kMatchLimit);
    pcre2_set_heap_limit(context.get(), kHeapLimitKib);
    const std::uint32_t options = characters ? PCRE2_NO_UTF_CHECK : 0;
    const int found = pcre2_match(code, units(subject), subject.size(), offset, options, data.get(), context.get());
    if (found == PCRE2_ERROR_NOMATCH) return std::optional<PatternMatch>();
    if (found < 0) {
        return Error{ErrorCode::invalid, "regular expression '" + text_ + "': " + message_of(found) +
                                             "; make it simpler (nested repetitions take time without end)"};
    }
    return std::optional<PatternMatch>(match_of(data.get()));
}

Result<std::vector<PatternMatch>> Pattern::find_all(std::string_view subject, std::size_t limit) const {
    std::vector<PatternMatch> matches;
    std::size_t offset = 0;
    while (offset <= subject.size()) {
        BACKOUT_TRY_ASSIGN(const std::optional<PatternMatch> match, find(subject, offset));
        if (!match) break;
        if (matches.size() == limit) {
            return Error{ErrorCode::invalid,
                         "regular expression '" + text_ + "' matches more than " + std::to_string(limit) + " times"};
        }
        matches.push_back(*match);
        // After an empty match the search goes on one character further, never inside one.
        offset = match->end;
        if (match->end == match->begin) {
            ++offset;
            while (offset < subject.size() && (static_cast<unsigned char>(subject[offset]) & 0xC0U) == 0x80U) ++offset;
        }
    }
    return matches;
}

Result<bool> Pattern::matches(std::string_view subject) const {
    BACKOUT_TRY_ASSIGN(const std::optional<PatternMatch> match, find(subject));
    return match.has_value();
}

Result<std::string> expand_replacement(const std::string& replacement, std::string_view subject,
                                       const PatternMatch& match) {
    std::string text;
    for (std::size_t at = 0; at < replacement.size(); ++at) {
        if (replacement[at] != '\\' || at + 1 == replacement.size()) {
            text += replacement[at];
            continue;
        }
        const char letter = replacement[++at];
        if (letter == '\\') {
            text += letter;
        } else if (letter == 'n' || letter == 't') {
            text += letter == 'n' ? '\n' : '\t';
        } else if (letter >= '0' && letter <= '9') {
            const auto group = static_cast<std::size_t>(letter - '0');
            if (group >= match.groups.size()) {
                return Error{ErrorCode::invalid, "the replacement '" + replacement + "' names group " + letter +
                                                     ", which the regular expression doesn't have"};
            }
            const auto [begin, end] = match.groups[group];
            if (begin != std::string::npos) text += subject.substr(begin, end - begin);
        } else {
            return Error{ErrorCode::invalid, "the replacement '" + replacement + "' has '\\" + letter +
                                                 "'; known are \\0 to \\9, \\n, \\t and \\\\"};
        }
    }
    return text;
}

}  // namespace backout
