#include "compensators/json_splice_reverse.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "compensators/json_splice.h"
#include "compensators/text_edit_lines.h"
#include "compensators/text_edit_reverse.h"
#include "compensators/text_edit_splice.h"

namespace backout {

namespace {

/// One entry at one place in the three texts; null where there is none.
struct Entry {
    const JsonNode* before = nullptr;
    const JsonNode* after = nullptr;
    const JsonNode* current = nullptr;
};

bool is_object(const JsonNode* node) {
    return node != nullptr && node->type == JsonNode::Type::object;
}
bool is_array(const JsonNode* node) {
    return node != nullptr && node->type == JsonNode::Type::array;
}

const JsonNode* child(const JsonNode* node, const std::string& key) {
    const JsonItem* item = is_object(node) ? JsonText::member_of(*node, key) : nullptr;
    return item == nullptr ? nullptr : &item->node;
}

class Reverser {
  public:
    Reverser(const JsonText& before, const JsonText& after, const JsonText& current)
        : before_(before), after_(after), current_(current), result_(current) {}

    Status run() { return visit({}, {&before_.root(), &after_.root(), &current_.root()}); }

    JsonReversal take() {
        reversal_.content = result_.text();
        reversal_.empty = result_.root().is_container() && result_.root().items.empty();
        return std::move(reversal_);
    }

  private:
    static Json value_of(const JsonText& text, const JsonNode* node) {
        return node == nullptr ? Json() : text.value(*node);
    }
    bool same(const JsonText& a, const JsonNode* left, const JsonText& b, const JsonNode* right) const {
        if ((left == nullptr) != (right == nullptr)) return false;
        return left == nullptr || a.value(*left) == b.value(*right);
    }

    Status visit(const JsonPath& path, const Entry& entry) {
        if (same(before_, entry.before, after_, entry.after)) return {};
        if (same(after_, entry.after, current_, entry.current)) return turn_back(path, entry);
        if (same(before_, entry.before, current_, entry.current)) {
            ++reversal_.undone;
            return {};
        }
        if (is_object(entry.after) && is_object(entry.current) &&
            (is_object(entry.before) || entry.before == nullptr)) {
            return visit_members(path, entry);
        }
        if (is_array(entry.before) && is_array(entry.after) && is_array(entry.current)) return visit_array(path, entry);
        return conflict(path, entry);
    }

    Status conflict(const JsonPath& path, const Entry& entry) {
        reversal_.conflicts.push_back(
            {json_pointer_of(path), entry.after == nullptr ? "" : dump_canonical(value_of(after_, entry.after)),
             entry.current == nullptr ? "" : dump_canonical(value_of(current_, entry.current))});
        return {};
    }

    Status turn_back(const JsonPath& path, const Entry& entry) {
        ++reversal_.intact;
        if (entry.before == nullptr) return result_.remove(path);
        return result_.set(path, before_.raw(*entry.before), neighbor(path));
    }

    /// The member in front of this one before our change: a removed one goes back behind it.
    std::string neighbor(const JsonPath& path) const {
        if (path.empty()) return "";
        const auto parent = before_.find(JsonPath(path.begin(), path.end() - 1));
        std::string name;
        if (!parent || *parent == nullptr) return name;
        for (const JsonItem& item : (*parent)->items) {
            if (item.key == path.back()) break;
            name = item.key;
        }
        return name;
    }

    Status visit_members(const JsonPath& path, const Entry& entry) {
        std::set<std::string> keys;
        for (const JsonNode* node : {entry.before, entry.after}) {
            if (node == nullptr) continue;
            for (const JsonItem& item : node->items) keys.insert(item.key);
        }
        for (const std::string& key : keys) {
            JsonPath place = path;
            place.push_back(key);
            BACKOUT_TRY(visit(place, {child(entry.before, key), child(entry.after, key), child(entry.current, key)}));
        }
        // An object that we made and that is empty now goes as well.
        if (entry.before != nullptr || path.empty()) return {};
        BACKOUT_TRY_ASSIGN(const JsonNode* left, result_.find(path));
        return left != nullptr && left->items.empty() ? result_.remove(path) : Status();
    }

    // ---- arrays: elements are lines, and what we changed is found by its neighbours --------------------------------

    static Bytes lines_of(const JsonText& text, const JsonNode& array) {
        Bytes lines;
        for (const JsonItem& item : array.items) lines += dump_canonical(text.value(item.node)) + "\n";
        return lines;
    }

    static std::vector<Splice> splices_between(const Bytes& from, const Bytes& to) {
        const std::vector<TextLine> lines_from = split_lines(from);
        const std::vector<TextLine> lines_to = split_lines(to);
        const auto matches = match_lines(from, to);
        SpliceList list(from);
        std::size_t done = lines_to.size();
        std::size_t at = lines_from.size();
        // From the end, so that offsets stay true.
        for (std::size_t line = lines_from.size() + 1; line-- > 0;) {
            if (line > 0 && !matches[line - 1]) continue;
            const std::size_t begin_from = line == 0 ? 0 : lines_from[line - 1].end;
            const std::size_t end_from = at == 0 ? 0 : lines_from[at - 1].end;
            const std::size_t first = line == 0 ? 0 : *matches[line - 1] + 1;
            const std::size_t begin_to = first == 0 ? 0 : lines_to[first - 1].end;
            const std::size_t end_to = done == 0 ? 0 : lines_to[done - 1].end;
            list.replace(begin_from, end_from - begin_from, to.substr(begin_to, end_to - begin_to));
            if (line == 0) break;
            at = line - 1;
            done = *matches[line - 1];
        }
        return list.splices();
    }

    Status visit_array(const JsonPath& path, const Entry& entry) {
        const Bytes before = lines_of(before_, *entry.before);
        const Bytes current = lines_of(current_, *entry.current);
        const std::vector<Splice> ours = splices_between(before, lines_of(after_, *entry.after));
        const SpliceReversal reversal = reverse_splices(before, ours, current, TextSort::lines);
        for (const SpliceFate fate : reversal.fates) {
            if (fate == SpliceFate::intact) ++reversal_.intact;
            if (fate == SpliceFate::undone) ++reversal_.undone;
            if (fate == SpliceFate::changed) BACKOUT_TRY(conflict(path, entry));
        }
        return rewrite_array(path, *entry.before, current, reversal.content);
    }

    /// Brings the array in the result from `from` to `to`, element by element, from the end.
    Status rewrite_array(const JsonPath& path, const JsonNode& before, const Bytes& from, const Bytes& to) {
        const std::vector<Splice> splices = splices_between(from, to);
        for (auto splice = splices.rbegin(); splice != splices.rend(); ++splice) {
            const std::string_view head = std::string_view(from).substr(0, splice->offset);
            const auto index = static_cast<std::size_t>(std::count(head.begin(), head.end(), '\n'));
            for (std::size_t count = split_lines(splice->removed).size(); count > 0; --count) {
                JsonPath element = path;
                element.push_back(std::to_string(index));
                BACKOUT_TRY(result_.remove(element));
            }
            const std::vector<TextLine> lines = split_lines(splice->inserted);
            for (auto line = lines.rbegin(); line != lines.rend(); ++line) {
                BACKOUT_TRY(
                    result_.insert(path, index, former_text(before, std::string(line->text_in(splice->inserted)))));
            }
        }
        return {};
    }

    /// An element as it was written before.
    Bytes former_text(const JsonNode& before, const std::string& canonical) const {
        for (const JsonItem& item : before.items) {
            if (dump_canonical(before_.value(item.node)) == canonical) return before_.raw(item.node);
        }
        return canonical;
    }

    const JsonText& before_;
    const JsonText& after_;
    const JsonText& current_;
    JsonText result_;
    JsonReversal reversal_;
};

}  // namespace

Result<JsonReversal> reverse_json_text(const Bytes& before, const Bytes& after, const Bytes& current) {
    BACKOUT_TRY_ASSIGN(const JsonText text_before, JsonText::parse(before));
    BACKOUT_TRY_ASSIGN(const JsonText text_after, JsonText::parse(after));
    BACKOUT_TRY_ASSIGN(const JsonText text_current, JsonText::parse(current));
    Reverser reverser(text_before, text_after, text_current);
    BACKOUT_TRY(reverser.run());
    return reverser.take();
}

}  // namespace backout
