#include "planner/complaint_place.h"

#include <charconv>

#include "compensators/argument_reader.h"

namespace backout {

namespace {

// "edits[0].regex" of "edits[0].regex: …"; "" if the complaint begins with something else.
std::string named_argument(const std::string& complaint) {
    const std::size_t end = complaint.find(':');
    if (end == std::string::npos) return "";
    const std::string name = complaint.substr(0, end);
    return name.find_first_of(" /'\"") == std::string::npos ? name : "";
}

const Node* element_of(const Node& list, const std::string& number) {
    std::size_t at = 0;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), at);
    const bool whole = error == std::errc() && end == number.data() + number.size();
    return whole && list.is_list() && at < list.list().size() ? &list.list()[at] : nullptr;
}

// The next word of "edits[0].regex", taken off its front: "edits", "0", "regex".
std::string next_word(std::string& name) {
    const std::size_t begin = name.find_first_not_of(".[]");
    if (begin == std::string::npos) return name.clear(), "";
    const std::size_t end = name.find_first_of(".[]", begin);
    std::string word = name.substr(begin, end - begin);
    name = end == std::string::npos ? "" : name.substr(end);
    return word;
}

// The text in `with` that leads to `path`, or to something below it; nullptr if none does.
const Node* text_that_names(const Node& with, const std::string& path, const std::string& directory) {
    for (const NodeMember& member : with.members()) {
        if (!member.value.is_text() || member.value.text().empty()) continue;
        const std::string whole = source_path(directory, member.value.text());
        if (whole == path || whole.rfind(path + "/", 0) == 0) return &member.value;
    }
    return nullptr;
}

}  // namespace

Position argument_place(const Node& object, const std::string& complaint) {
    const Node* here = &object;
    Position position = object.position();
    std::string name = named_argument(complaint);
    for (std::string word = next_word(name); !word.empty(); word = next_word(name)) {
        const Node* next = here->is_object() ? here->find(word) : element_of(*here, word);
        if (next == nullptr) break;
        here = next;
        position = here->position();
    }
    return position;
}

Position reference_place(const Node& node, const std::string& reference) {
    if (node.is_text()) {
        const std::size_t at = node.text().find("${" + reference + "}");
        return at == std::string::npos ? Position{} : node.position_at(at);
    }
    Position found;
    if (node.is_list()) {
        for (const Node& element : node.list()) found = found.line == 0 ? reference_place(element, reference) : found;
    } else if (node.is_object()) {
        for (const NodeMember& member : node.members()) {
            found = found.line == 0 ? reference_place(member.value, reference) : found;
        }
    }
    return found;
}

ComplaintPlace complaint_place(const Action& action, const Error& error, const std::string& directory) {
    ComplaintPlace place{action.position};
    if (!action.with.is_object()) return place;
    const Node* text = error.path.empty() ? nullptr : text_that_names(action.with, error.path, directory);
    if (text != nullptr) {
        place.position = text->position();
        const bool relative = text->text()[0] != '/';
        if (relative && source_path(directory, text->text()) == error.path) place.written = text->text();
        return place;
    }
    const Position named = argument_place(action.with, error.text());
    if (named != action.with.position()) place.position = named;
    return place;
}

}  // namespace backout
