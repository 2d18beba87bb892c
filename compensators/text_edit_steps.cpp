#include "compensators/text_edit_steps.h"

#include <nlohmann/json.hpp>

#include "base/text.h"

namespace backout {

namespace {

constexpr std::size_t kMostLinesNamed = 5;

Result<std::vector<std::size_t>> matching_lines(const std::string& regex, std::string_view text,
                                                const std::vector<TextLine>& lines) {
    BACKOUT_TRY_ASSIGN(const Pattern pattern, Pattern::compile(regex));
    std::vector<std::size_t> found;
    for (std::size_t index = 0; index < lines.size(); ++index) {
        BACKOUT_TRY_ASSIGN(const bool matches, pattern.matches(lines[index].text_in(text)));
        if (matches) found.push_back(index);
    }
    return found;
}

Status remove_lines(const Json& edit, EditedText& text) {
    const std::vector<TextLine> lines = split_lines(text.text());
    std::vector<std::size_t> doomed;
    if (edit.contains("match")) {
        BACKOUT_TRY_ASSIGN(doomed, matching_lines(edit["match"].get<std::string>(), text.text(), lines));
    }
    if (edit.contains("line")) {
        const std::string line = edit["line"].get<std::string>();
        for (std::size_t index = 0; index < lines.size(); ++index) {
            if (lines[index].text_in(text.text()) == line) doomed.push_back(index);
        }
    }
    std::sort(doomed.begin(), doomed.end());
    doomed.erase(std::unique(doomed.begin(), doomed.end()), doomed.end());
    for (auto index = doomed.rbegin(); index != doomed.rend(); ++index) {
        text.replace(lines[*index].begin, lines[*index].end - lines[*index].begin, "");
    }
    return {};
}

/// A pattern for what `replacement` may have made: its literal parts, and anything where a group went in.
std::string pattern_of_replaced(const std::string& replacement) {
    std::string pattern;
    for (std::size_t at = 0; at < replacement.size(); ++at) {
        char letter = replacement[at];
        if (letter == '\\' && at + 1 < replacement.size()) {
            letter = replacement[++at];
            if (letter >= '0' && letter <= '9') {
                pattern += ".*?";
                continue;
            }
            if (letter == 'n') letter = '\n';
            if (letter == 't') letter = '\t';
        }
        if (std::string_view("\\^$.[]|()?*+{}").find(letter) != std::string_view::npos) pattern += '\\';
        pattern += letter;
    }
    return pattern;
}

bool overlaps_any(const PatternMatch& found, const std::vector<PatternMatch>& matches) {
    for (const PatternMatch& match : matches) {
        if (found.begin < match.end && match.begin < found.end) return true;
    }
    return false;
}

/// How many places look as if the edit had been there already.
Result<std::size_t> count_replaced(const std::string& replacement, std::string_view text,
                                   const std::vector<PatternMatch>& matches) {
    if (replacement.empty()) return 0;
    BACKOUT_TRY_ASSIGN(const Pattern pattern, Pattern::compile(pattern_of_replaced(replacement)));
    BACKOUT_TRY_ASSIGN(const std::vector<PatternMatch> replaced, pattern.find_all(text));
    std::size_t count = 0;
    for (const PatternMatch& found : replaced) {
        if (found.end > found.begin && !overlaps_any(found, matches)) ++count;
    }
    return count;
}

Status check_count(const Json& edit, std::size_t matches, std::size_t replaced) {
    const auto wanted = edit["count"].get<std::size_t>();
    if (matches == wanted || (matches < wanted && replaced >= wanted - matches)) return {};
    // A deletion leaves nothing to recognize: no match means that it was made.
    if (matches == 0 && edit["replace"].get_ref<const std::string&>().empty()) return {};
    std::string message = "'" + edit["regex"].get<std::string>() + "' matches " + std::to_string(matches) +
                          " times, expected " + std::to_string(wanted);
    if (replaced > 0) message += " (and " + std::to_string(replaced) + " places look replaced already)";
    return Error{ErrorCode::invalid, message + "; mend the expression or the count"};
}

}  // namespace

bool wants_absent(const Json& edit) {
    return string_member(edit, "state", "present") == "absent";
}

std::string line_numbers(const std::vector<std::size_t>& lines) {
    std::vector<std::string> words;
    for (const std::size_t line : lines) {
        if (words.size() == kMostLinesNamed) {
            words.emplace_back("others");
            break;
        }
        words.push_back(std::to_string(line + 1));
    }
    return join_words(words);
}

void EditedText::insert_lines(std::size_t offset, const Bytes& lines) {
    const std::string end(line_end());
    const std::string_view whole = text();
    const bool unfinished = offset > 0 && whole[offset - 1] != '\n';
    if (!unfinished) return replace(offset, 0, lines);
    // The last line has no end. The new ones get one between, and the file goes on ending without.
    replace(offset, 0, end + lines.substr(0, lines.size() - end.size()));
}

Result<std::size_t> place_for_lines(const Json& edit, std::string_view text) {
    const std::vector<TextLine> lines = split_lines(text);
    for (const char* name : {"after", "before"}) {
        if (!edit.contains(name)) continue;
        const std::string regex = edit[name].get<std::string>();
        BACKOUT_TRY_ASSIGN(const std::vector<std::size_t> found, matching_lines(regex, text, lines));
        if (found.empty()) {
            return Error{ErrorCode::invalid, std::string(name) + ": no line matches '" + regex +
                                                 "'; mend the expression, or leave it out to add at the end"};
        }
        return name[0] == 'a' ? lines[found.back()].end : lines[found.front()].begin;
    }
    return text.size();
}

Status edit_line(const Json& edit, EditedText& text) {
    if (wants_absent(edit)) return remove_lines(edit, text);
    const std::string line = edit["line"].get<std::string>();
    const std::vector<TextLine> lines = split_lines(text.text());
    if (edit.contains("match")) {
        const std::string regex = edit["match"].get<std::string>();
        BACKOUT_TRY_ASSIGN(const std::vector<std::size_t> found, matching_lines(regex, text.text(), lines));
        if (found.size() > 1) {
            return Error{ErrorCode::invalid, "match: '" + regex + "' matches the lines " + line_numbers(found) +
                                                 ", and only one can become '" + line + "'; mend the expression"};
        }
        if (found.size() == 1) {
            const TextLine& old = lines[found[0]];
            text.replace(old.begin, old.text_end - old.begin, line);
            return {};
        }
    }
    for (const TextLine& there : lines) {
        if (there.text_in(text.text()) == line) return {};
    }
    BACKOUT_TRY_ASSIGN(const std::size_t place, place_for_lines(edit, text.text()));
    text.insert_lines(place, line + std::string(text.line_end()));
    return {};
}

Result<bool> edit_regex(const Json& edit, EditedText& text) {
    BACKOUT_TRY_ASSIGN(const Pattern pattern, Pattern::compile(edit["regex"].get<std::string>()));
    const std::string replacement = edit["replace"].get<std::string>();
    const Bytes before(text.text());
    BACKOUT_TRY_ASSIGN(const std::vector<PatternMatch> matches, pattern.find_all(before));
    std::size_t replaced = 0;
    if (edit.contains("count") || matches.empty()) {
        BACKOUT_TRY_ASSIGN(replaced, count_replaced(replacement, before, matches));
    }
    if (edit.contains("count")) BACKOUT_TRY(check_count(edit, matches.size(), replaced));
    for (auto match = matches.rbegin(); match != matches.rend(); ++match) {
        BACKOUT_TRY_ASSIGN(const std::string inserted, expand_replacement(replacement, before, *match));
        text.replace(match->begin, match->end - match->begin, inserted);
    }
    return matches.empty() && replaced == 0;
}

}  // namespace backout
