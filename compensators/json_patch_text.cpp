#include "compensators/json_patch_text.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "compensators/argument_reader.h"
#include "compensators/json_splice.h"

namespace backout {

namespace {

const std::vector<std::string> kOperations = {"add", "remove", "replace", "move", "copy", "test"};

std::string shown(const Json& value) {
    const std::string text = printable(dump_canonical(value));
    return text.size() > 100 ? text.substr(0, 97) + "..." : text;
}

Error nothing_at(const JsonPath& path) {
    return Error{ErrorCode::invalid, "nothing is at '" + json_pointer_of(path) + "'"};
}

JsonPath parent_of(const JsonPath& path) {
    return JsonPath(path.begin(), path.end() - 1);
}

class Patcher {
  public:
    Patcher(JsonText text, bool ask_tests) : text_(std::move(text)), ask_tests_(ask_tests) {}

    Status run(const Json& operation) {
        const std::string name = operation["op"].get<std::string>();
        BACKOUT_TRY_ASSIGN(const JsonPath path, parse_json_pointer(operation["path"].get<std::string>()));
        if (name == "add") return add(path, operation["value"]);
        if (name == "remove") return remove(path);
        if (name == "replace") return replace(path, operation["value"]);
        if (name == "test") return test(path, operation["value"]);
        BACKOUT_TRY_ASSIGN(const JsonPath from, parse_json_pointer(operation["from"].get<std::string>()));
        return name == "move" ? move(from, path) : copy(from, path);
    }

    const JsonText& text() const { return text_; }
    bool repeats() const { return repeats_; }

  private:
    Result<const JsonNode*> container_of(const JsonPath& path) const {
        BACKOUT_TRY_ASSIGN(const JsonNode* parent, text_.find(parent_of(path)));
        if (parent != nullptr && parent->is_container()) return parent;
        return nothing_at(parent_of(path)).in("'" + json_pointer_of(path) + "' has no object or array to stand in");
    }

    /// Puts raw text at `path`; `value` is what it means.
    Status put(const JsonPath& path, const Json& value, const Bytes& raw) {
        if (path.empty()) return text_.value(text_.root()) == value ? Status() : text_.set(path, raw);
        BACKOUT_TRY_ASSIGN(const JsonNode* parent, container_of(path));
        if (parent->type == JsonNode::Type::array) return put_element(*parent, path, value, raw);
        BACKOUT_TRY_ASSIGN(const JsonNode* present, text_.find(path));
        if (present != nullptr && text_.value(*present) == value) return {};
        return text_.set(path, raw);
    }

    Status put_element(const JsonNode& array, const JsonPath& path, const Json& value, const Bytes& raw) {
        const std::size_t size = array.items.size();
        if (path.back() == "-") {
            for (const JsonItem& item : array.items) {
                if (text_.value(item.node) == value) return {};
            }
            return text_.insert(parent_of(path), size, raw);
        }
        const std::optional<std::size_t> index = json_index(path.back());
        if (!index || *index > size) {
            return Error{ErrorCode::invalid, "'" + json_pointer_of(path) + "': the array has " + std::to_string(size) +
                                                 " elements, so an index up to that or \"-\" is expected"};
        }
        if (*index < size && text_.value(array.items[*index].node) == value) return {};
        return text_.insert(parent_of(path), *index, raw);
    }

    Status add(const JsonPath& path, const Json& value) { return put(path, value, text_.format(value, path)); }

    Status remove(const JsonPath& path) {
        if (path.empty()) return Error{ErrorCode::invalid, "the whole document can't be removed; use file.delete"};
        BACKOUT_TRY_ASSIGN(const JsonNode* parent, text_.find(parent_of(path)));
        const bool in_array = parent != nullptr && parent->type == JsonNode::Type::array;
        repeats_ = repeats_ || in_array;
        BACKOUT_TRY_ASSIGN(const JsonNode* present, text_.find(path));
        if (present != nullptr) return text_.remove(path);
        return in_array ? Status(nothing_at(path)) : Status();
    }

    Status replace(const JsonPath& path, const Json& value) {
        BACKOUT_TRY_ASSIGN(const JsonNode* present, text_.find(path));
        if (present == nullptr) return nothing_at(path);
        if (text_.value(*present) == value) return {};
        return text_.set(path, text_.format(value, path));
    }

    Status move(const JsonPath& from, const JsonPath& path) {
        if (from == path) return {};
        if (path.size() > from.size() && std::equal(from.begin(), from.end(), path.begin())) {
            return Error{ErrorCode::invalid, "'" + json_pointer_of(from) + "' can't be moved into itself"};
        }
        BACKOUT_TRY_ASSIGN(const JsonNode* source, text_.find(from));
        if (source == nullptr) {
            BACKOUT_TRY_ASSIGN(const JsonNode* target, text_.find(path));
            return target != nullptr ? Status() : Status(nothing_at(from));
        }
        const Json value = text_.value(*source);
        const Bytes raw = text_.raw(*source);
        BACKOUT_TRY(remove(from));
        return put(path, value, raw);
    }

    Status copy(const JsonPath& from, const JsonPath& path) {
        BACKOUT_TRY_ASSIGN(const JsonNode* source, text_.find(from));
        if (source == nullptr) return nothing_at(from);
        return put(path, text_.value(*source), text_.raw(*source));
    }

    Status test(const JsonPath& path, const Json& value) const {
        if (!ask_tests_) return {};
        BACKOUT_TRY_ASSIGN(const JsonNode* present, text_.find(path));
        if (present == nullptr) return nothing_at(path).in("test failed");
        const Json found = text_.value(*present);
        if (found == value) return {};
        return Error{ErrorCode::invalid, "test failed: at '" + json_pointer_of(path) + "' stands " + shown(found) +
                                             ", expected " + shown(value)};
    }

    JsonText text_;
    bool ask_tests_;
    bool repeats_ = false;
};

Result<JsonPatched> run_patch(const JsonText& text, const Json& patch, bool ask_tests) {
    Patcher patcher(text, ask_tests);
    for (std::size_t index = 0; index < patch.size(); ++index) {
        auto done = patcher.run(patch[index]);
        if (!done) return std::move(done).error().in("patch[" + std::to_string(index) + "]");
    }
    return JsonPatched{patcher.text().text(), patcher.repeats()};
}

void check_pointer(ArgumentReader& reader, const std::string& name) {
    reader.require(name);
    const auto parsed = parse_json_pointer(reader.text(name));
    if (!parsed) reader.complain(name, parsed.error().message);
}

void check_operation(const Json& operation, ArgumentReader& reader) {
    const std::string name = reader.text("op");
    if (std::find(kOperations.begin(), kOperations.end(), name) == kOperations.end()) {
        reader.complain("op", "one of " + join_words(kOperations) + " is expected" + did_you_mean(name, kOperations));
        return;
    }
    check_pointer(reader, "path");
    if (name == "move" || name == "copy") {
        reader.only({"op", "path", "from"});
        check_pointer(reader, "from");
    } else if (name == "remove") {
        reader.only({"op", "path"});
    } else {
        reader.only({"op", "path", "value"});
        // null is a value here, so `require` can't ask.
        if (!operation.contains("value")) reader.complain("value", "is missing");
    }
}

}  // namespace

std::vector<std::string> validate_json_patch(const Json& patch) {
    if (!patch.is_array() || patch.empty()) return {"patch: a list with at least one operation is expected"};
    std::vector<std::string> problems;
    for (std::size_t index = 0; index < patch.size(); ++index) {
        ArgumentReader reader(patch[index], "patch[" + std::to_string(index) + "].");
        if (patch[index].is_object()) check_operation(patch[index], reader);
        problems.insert(problems.end(), reader.problems().begin(), reader.problems().end());
    }
    return problems;
}

Result<JsonPatched> patch_json_text(const Bytes& content, const Json& patch) {
    BACKOUT_TRY_ASSIGN(const JsonText text, JsonText::parse(content));
    // A test often names the value that the patch is about to change: on its own result it would fail.
    const bool changes_something = std::any_of(
        patch.begin(), patch.end(), [](const Json& operation) { return string_member(operation, "op") != "test"; });
    if (!changes_something) return run_patch(text, patch, true);
    auto untested = run_patch(text, patch, false);
    if (untested && untested->content == content) return untested;
    return run_patch(text, patch, true);
}

}  // namespace backout
