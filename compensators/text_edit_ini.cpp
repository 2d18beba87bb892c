#include "compensators/text_edit_ini.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "compensators/text_edit_steps.h"

namespace backout {

namespace {

std::string_view trimmed(std::string_view text) {
    const std::size_t begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

bool is_comment(std::string_view line) {
    return !line.empty() && (line[0] == '#' || line[0] == ';');
}

/// "[name]" with nothing but a comment behind it; false for other lines.
bool read_header(std::string_view line, std::string& name) {
    line = trimmed(line);
    const std::size_t close = line.find(']');
    if (line.empty() || line[0] != '[' || close == std::string_view::npos) return false;
    const std::string_view rest = trimmed(line.substr(close + 1));
    if (!rest.empty() && !is_comment(rest)) return false;
    name = std::string(trimmed(line.substr(1, close - 1)));
    return true;
}

/// "key = value" taken apart; value as offsets in the line.
struct IniEntry {
    std::string key;
    std::string separator;  ///< with the spaces around it
    std::size_t value_begin = 0;
    std::size_t value_end = 0;
};

bool read_entry(std::string_view line, IniEntry& entry) {
    if (is_comment(trimmed(line))) return false;
    const std::size_t sign = line.find_first_of("=:");
    if (sign == std::string_view::npos) return false;
    entry.key = std::string(trimmed(line.substr(0, sign)));
    if (entry.key.empty()) return false;
    const std::size_t key_end = line.find_last_not_of(" \t", sign - 1) + 1;
    entry.value_begin = std::min(line.find_first_not_of(" \t", sign + 1), line.size());
    entry.separator = std::string(line.substr(key_end, entry.value_begin - key_end));
    const std::size_t last = line.find_last_not_of(" \t");
    entry.value_end = std::max(entry.value_begin, last + 1);
    return true;
}

/// One section of the file: the lines from `begin` up to `end`, header left out.
struct Section {
    std::size_t begin = 0;
    std::size_t end = 0;
};

class IniText {
  public:
    explicit IniText(std::string_view text) : text_(text), lines_(split_lines(text)) {}

    const std::vector<TextLine>& lines() const { return lines_; }

    std::vector<Section> sections(const std::string& wanted) const {
        std::vector<Section> found;
        std::string name;
        Section section;
        for (std::size_t line = 0; line <= lines_.size(); ++line) {
            std::string next;
            const bool at_end = line == lines_.size();
            if (!at_end && !read_header(lines_[line].text_in(text_), next)) continue;
            section.end = line;
            if (name == wanted) found.push_back(section);
            section.begin = line + 1;
            name = next;
        }
        // What stands before the first header is the nameless section; it is always there, empty or not.
        if (wanted.empty()) found.resize(1);
        return found;
    }

    std::vector<std::size_t> entries(const Section& section, const std::string& key) const {
        std::vector<std::size_t> found;
        for (std::size_t line = section.begin; line < section.end; ++line) {
            IniEntry entry;
            if (read_entry(lines_[line].text_in(text_), entry) && entry.key == key) found.push_back(line);
        }
        return found;
    }

    /// How this file writes "=": that of the section's first entry, else of the file's, else " = ".
    std::string separator(const Section* section) const {
        IniEntry entry;
        if (section != nullptr) {
            for (std::size_t line = section->begin; line < section->end; ++line) {
                if (read_entry(lines_[line].text_in(text_), entry) && entry.value_end > entry.value_begin)
                    return entry.separator;
            }
        }
        for (const TextLine& line : lines_) {
            if (read_entry(line.text_in(text_), entry) && entry.value_end > entry.value_begin) return entry.separator;
        }
        return " = ";
    }

    /// Behind the last line of the section that isn't blank.
    std::size_t place_in(const Section& section) const {
        std::size_t line = section.end;
        while (line > section.begin && trimmed(lines_[line - 1].text_in(text_)).empty()) --line;
        if (line > 0) return lines_[line - 1].end;
        return 0;
    }

  private:
    std::string_view text_;
    std::vector<TextLine> lines_;
};

void add_section(EditedText& text, const std::string& section, const std::string& entry) {
    const std::string end(text.line_end());
    const std::vector<TextLine> lines = split_lines(text.text());
    const bool gap = !lines.empty() && !trimmed(lines.back().text_in(text.text())).empty();
    text.insert_lines(text.text().size(), (gap ? end : "") + "[" + section + "]" + end + entry + end);
}

Status remove_entries(EditedText& text, const IniText& file, const std::vector<Section>& sections,
                      const std::string& key) {
    std::vector<std::size_t> doomed;
    for (const Section& section : sections) {
        for (const std::size_t line : file.entries(section, key)) doomed.push_back(line);
    }
    for (auto line = doomed.rbegin(); line != doomed.rend(); ++line) {
        const TextLine& old = file.lines()[*line];
        text.replace(old.begin, old.end - old.begin, "");
    }
    return {};
}

}  // namespace

std::vector<IniLine> read_ini(std::string_view text) {
    constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
    std::vector<IniLine> lines;
    std::string section;
    for (const TextLine& line : split_lines(text)) {
        std::string_view words = line.text_in(text);
        if (line.begin == 0 && words.compare(0, kByteOrderMark.size(), kByteOrderMark) == 0) words.remove_prefix(3);
        IniLine read;
        IniEntry entry;
        read.blank = trimmed(words).empty();
        read.header = read_header(words, section);
        read.section = section;
        if (!read.header && read_entry(words, entry)) read.key = entry.key;
        lines.push_back(std::move(read));
    }
    return lines;
}

Status edit_ini(const Json& edit, EditedText& text) {
    const Json& ini = edit["ini"];
    const std::string name = string_member(ini, "section");
    const std::string key = string_member(ini, "key");
    const Bytes before(text.text());
    const IniText file(before);
    const std::vector<Section> sections = file.sections(name);
    if (wants_absent(edit) || wants_absent(ini)) return remove_entries(text, file, sections, key);
    const std::string value = string_member(ini, "value");

    std::vector<std::size_t> found;
    for (const Section& section : sections) {
        for (const std::size_t line : file.entries(section, key)) found.push_back(line);
    }
    if (found.size() > 1) {
        return Error{ErrorCode::invalid, "ini: the key '" + key + "' stands in the lines " + line_numbers(found) +
                                             " of section '" + name +
                                             "'; which one counts is the reader's affair: mend the file, or use regex"};
    }
    if (found.size() == 1) {
        const TextLine& line = file.lines()[found[0]];
        IniEntry entry;
        read_entry(line.text_in(before), entry);
        text.replace(line.begin + entry.value_begin, entry.value_end - entry.value_begin, value);
        return {};
    }
    const Section* section = sections.empty() ? nullptr : &sections.front();
    const std::string entry = key + file.separator(section) + value;
    if (section == nullptr) {
        add_section(text, name, entry);
    } else {
        text.insert_lines(file.place_in(*section), entry + std::string(text.line_end()));
    }
    return {};
}

}  // namespace backout
