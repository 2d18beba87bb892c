#define PCRE2_CODE_UNIT_WIDTH 8
#include "manifest/search_pattern.h"

#include <pcre2.h>

#include <utility>

#include "manifest/problem.h"

namespace backout {

namespace {

constexpr std::uint32_t kMatchLimit = 1'000'000;
constexpr std::uint32_t kDepthLimit = 10'000;
constexpr std::uint32_t kHeapLimitKibibytes = 64 * 1024;
constexpr std::size_t kLongestPattern = 65'536;

std::string message_of(int code) {
    PCRE2_UCHAR buffer[256];
    if (pcre2_get_error_message(code, buffer, sizeof buffer) < 0) return "unknown error";
    return reinterpret_cast<const char*>(buffer);
}

PCRE2_SPTR bytes_of(std::string_view text) {
    return reinterpret_cast<PCRE2_SPTR>(text.empty() ? "" : text.data());
}

struct MatchContextDeleter {
    void operator()(pcre2_match_context* context) const { pcre2_match_context_free(context); }
};
struct MatchDataDeleter {
    void operator()(pcre2_match_data* data) const { pcre2_match_data_free(data); }
};

}  // namespace

struct SearchPattern::Code {
    explicit Code(pcre2_code* compiled) : code(compiled) {}
    ~Code() { pcre2_code_free(code); }
    Code(const Code&) = delete;
    Code& operator=(const Code&) = delete;
    pcre2_code* code;
};

SearchPattern::SearchPattern(std::string text, std::shared_ptr<const Code> code)
    : text_(std::move(text)), code_(std::move(code)) {}

Result<SearchPattern> SearchPattern::compile(std::string_view text) {
    if (text.size() > kLongestPattern) {
        return Error{ErrorCode::invalid, "the pattern is longer than " + std::to_string(kLongestPattern) + " bytes"};
    }
    constexpr std::uint32_t kOptions =
        PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C;
    int code = 0;
    PCRE2_SIZE offset = 0;
    pcre2_code* compiled = pcre2_compile(bytes_of(text), text.size(), kOptions, &code, &offset, nullptr);
    if (compiled == nullptr) {
        return Error{ErrorCode::invalid, "the pattern " + in_quotes(text) + " can't be read: " + message_of(code) +
                                             ", at byte " + std::to_string(offset + 1)};
    }
    return SearchPattern(std::string(text), std::make_shared<const Code>(compiled));
}

Result<bool> SearchPattern::is_found_in(std::string_view text) const {
    const std::unique_ptr<pcre2_match_context, MatchContextDeleter> context(pcre2_match_context_create(nullptr));
    const std::unique_ptr<pcre2_match_data, MatchDataDeleter> data(
        pcre2_match_data_create_from_pattern(code_->code, nullptr));
    if (!context || !data) return Error{ErrorCode::invalid, "no memory for matching a pattern"};
    pcre2_set_match_limit(context.get(), kMatchLimit);
    pcre2_set_depth_limit(context.get(), kDepthLimit);
    pcre2_set_heap_limit(context.get(), kHeapLimitKibibytes);
    const int found = pcre2_match(code_->code, bytes_of(text), text.size(), 0, 0, data.get(), context.get());
    if (found >= 0) return true;
    if (found == PCRE2_ERROR_NOMATCH) return false;
    return Error{ErrorCode::invalid, "the pattern " + in_quotes(text_) + " takes too long: " + message_of(found)};
}

}  // namespace backout
