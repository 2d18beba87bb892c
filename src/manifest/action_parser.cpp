#include "manifest/action_parser.h"

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "manifest/object_reader.h"
#include "manifest/reference_check.h"

namespace backout {

namespace {

const KindDoc* find_kind(const std::vector<KindDoc>& kinds, const std::string& name) {
    for (const KindDoc& kind : kinds) {
        if (kind.name == name) return &kind;
        const bool family = kind.name.size() > 2 && kind.name.compare(kind.name.size() - 2, 2, ".*") == 0;
        if (family && name.compare(0, kind.name.size() - 1, kind.name, 0, kind.name.size() - 1) == 0) return &kind;
    }
    return nullptr;
}

// True iff a value of the node's type may stand where the schema wants its "type". Integers are numbers too.
bool fits_schema(const Node& node, const Json& schema) {
    static const char* const kNames[] = {"null",   "boolean", "integer", "integer",
                                         "number", "string",  "array",   "object"};
    const Json& type = member(schema, "type");
    if (type.is_null()) return true;
    const std::string name = kNames[static_cast<std::size_t>(node.type())];
    const auto fits = [&name](const Json& wanted) {
        return wanted == name || (wanted == "number" && name == "integer");
    };
    if (type.is_string()) return fits(type);
    return !type.is_array() || std::any_of(type.begin(), type.end(), fits);
}

bool is_decided_later(const Node& node) {
    return is_select(node) || (node.is_text() && may_have_references(node.text()));
}

std::string wanted_type(const Json& schema) {
    const Json& type = member(schema, "type");
    std::vector<std::string> words;
    for (const Json& word : type.is_array() ? type : Json::array({type})) {
        const std::string name = word.is_string() ? word.get<std::string>() : "";
        if (name == "array") words.emplace_back("a list");
        if (name == "object") words.emplace_back("an object");
        if (name == "boolean") words.emplace_back("true or false");
        if (name == "null") words.emplace_back("null");
        if (name == "string" || name == "number" || name == "integer") {
            words.push_back((name == "integer" ? "an " : "a ") + name);
        }
    }
    return join(words, " or ");
}

bool is_meant_as_select(const Node& node) {
    return node.is_object() && node.members().size() == 1 && node.members()[0].key == "select";
}

// Where no object can stand, { "select": … } is a decision table, and it is one that lacks something.
void report_select(const Node& inside, ManifestErrors& errors) {
    static const std::vector<std::string> kKeys = {"table", "on", "value", "default", "compare"};
    if (!inside.is_object()) {
        errors.add(inside.position(),
                   std::string("'select' takes an object with 'table', 'on' and 'value', not ") + inside.type_name());
        return;
    }
    for (const NodeMember& member : inside.members()) {
        if (std::find(kKeys.begin(), kKeys.end(), member.key) != kKeys.end()) continue;
        errors.add(member.position,
                   "unknown key " + in_quotes(member.key) + " in 'select'" + did_you_mean(member.key, kKeys));
    }
    for (const char* key : {"table", "on", "value"}) {
        if (inside.find(key) == nullptr) errors.add(inside.position(), std::string("'select' needs '") + key + "'");
    }
}

void report_argument_type(const Node& value, const ParameterDoc& parameter, const std::string& name,
                          ManifestErrors& errors) {
    if (is_meant_as_select(value)) return report_select(value.members()[0].value, errors);
    errors.add(value.position(), "'" + parameter.name + "' of " + name + " takes " + wanted_type(parameter.schema) +
                                     ", not " + value.type_name());
}

void check_argument(const NodeMember& argument, const KindDoc& kind, const std::string& name, ManifestErrors& errors) {
    std::vector<std::string> names;
    for (const ParameterDoc& parameter : kind.parameters) {
        if (parameter.name == argument.key) {
            if (is_decided_later(argument.value) || fits_schema(argument.value, parameter.schema)) return;
            return report_argument_type(argument.value, parameter, name, errors);
        }
        names.push_back(parameter.name);
    }
    if (kind.open) return;
    errors.add(argument.position, name + " takes no " + in_quotes(argument.key) + did_you_mean(argument.key, names));
}

void check_arguments(const Node& with, const KindDoc& kind, const std::string& name, ManifestErrors& errors) {
    for (const NodeMember& argument : with.members()) check_argument(argument, kind, name, errors);
    for (const ParameterDoc& parameter : kind.parameters) {
        if (!parameter.required || with.find(parameter.name) != nullptr) continue;
        errors.add(with.position(), name + " needs '" + parameter.name + "'");
    }
}

std::vector<std::string> kind_names(const std::vector<KindDoc>& kinds) {
    std::vector<std::string> names;
    for (const KindDoc& kind : kinds) names.push_back(kind.name);
    return names;
}

void check_kind(const SourceText& kind, const Node& with, const std::vector<KindDoc>& known, ManifestErrors& errors,
                const char* what) {
    if (known.empty() || kind.value.empty()) return;
    if (const KindDoc* found = find_kind(known, kind.value)) return check_arguments(with, *found, kind.value, errors);
    std::string remedy = did_you_mean(kind.value, kind_names(known));
    // Kinds are many, and have a verb that lists them; detectors are few.
    const bool many = std::string(what) == "kind";
    if (remedy.empty()) remedy = many ? "; 'backout kinds' lists them" : "; there are " + join_words(kind_names(known));
    errors.add(kind.position, std::string("unknown ") + what + " " + in_quotes(kind.value) + remedy);
}

// `with`, or an empty object in the place of `whole`.
Node take_with(ObjectReader& reader, const Node& whole) {
    if (Node* with = reader.object("with")) return std::move(*with);
    return Node(whole.position(), Node::Members());
}

RetryPolicy parse_retry(Node& node, ManifestErrors& errors) {
    constexpr std::int64_t kMostAttempts = 1000;
    RetryPolicy retry;
    ObjectReader reader(node, "'retry'", errors);
    if (const Node* attempts = reader.find("attempts", true)) {
        const bool small =
            attempts->type() == Node::Type::integer && attempts->integer() >= 1 && attempts->integer() <= kMostAttempts;
        if (small) {
            retry.attempts = static_cast<int>(attempts->integer());
        } else {
            errors.add(attempts->position(), "'attempts' is a whole number from 1 to " + std::to_string(kMostAttempts));
        }
    }
    if (const auto backoff = reader.duration("backoff")) retry.backoff = *backoff;
    if (const auto longest = reader.duration("max")) retry.longest = *longest;
    reader.finish();
    return retry;
}

std::optional<When> parse_when(Node* node, ManifestErrors& errors) {
    if (node == nullptr) return std::nullopt;
    if (node->is_boolean()) {
        const bool value = node->boolean();
        return When{Condition::constant(value), std::move(*node)};
    }
    if (!node->is_text()) {
        errors.add(node->position(), std::string("'when' takes a condition as a string, not ") + node->type_name());
        return std::nullopt;
    }
    TextProblem problem;
    auto condition = Condition::parse(node->text(), problem);
    if (condition) return When{std::move(*condition), std::move(*node)};
    errors.add(node->position_at(problem.offset), "in 'when': " + problem.message);
    return std::nullopt;
}

bool is_usable_id(const std::string& id) {
    const bool control = std::any_of(id.begin(), id.end(), [](char character) {
        return static_cast<unsigned char>(character) < 0x20 || character == 0x7F;
    });
    return !id.empty() && !control && id.front() != ' ' && id.back() != ' ';
}

void parse_id(Action& action, ObjectReader& reader, ManifestErrors& errors) {
    const auto id = reader.text("id");
    if (!id) return;
    if (!is_usable_id(id->value)) {
        errors.add(id->position, "an id is a line of text, not empty, without blanks at its ends");
        return;
    }
    action.id = id->value;
    action.id_given = true;
    action.position = id->position;
}

void parse_kind(Action& action, ObjectReader& reader, const Node& node, ManifestErrors& errors) {
    const auto kind = reader.text("action", true);
    action.kind = kind ? *kind : SourceText{"", node.position()};
    if (kind && kind->value.empty())
        errors.add(kind->position, "'action' is empty: it names a kind such as \"file.write\"");
}

void parse_details(Action& action, ObjectReader& reader, ManifestErrors& errors) {
    action.depends_on = reader.texts("depends_on", "ids");
    action.after = reader.texts("after", "ids");
    action.when = parse_when(reader.find("when"), errors);
    if (auto group = reader.text("group")) action.group = std::move(group->value);
    if (auto description = reader.text("description")) action.description = std::move(description->value);
    action.requires_input = reader.flag("requires_input");
    action.irreversible = reader.flag("irreversible");
    action.pivot = reader.flag("pivot");
    if (const auto timeout = reader.duration("timeout")) action.timeout = *timeout;
    if (Node* retry = reader.object("retry")) action.retry = parse_retry(*retry, errors);
}

// What is wrong with the shape of a verification; "" if it says what to look at, and only that.
std::string verification_fault(const Node& node) {
    static const std::vector<std::string> kSubjects = {"command", "http", "tcp", "file"};
    const std::string rule = "a verification is an object with exactly one of 'command', 'http', 'tcp', 'file'";
    if (!node.is_object()) return rule + ", not " + node.type_name();
    std::vector<std::string> given;
    std::string meant;
    for (const NodeMember& member : node.members()) {
        const bool known = std::find(kSubjects.begin(), kSubjects.end(), member.key) != kSubjects.end();
        if (known) given.push_back("'" + member.key + "'");
        const std::string near = known ? "" : did_you_mean(member.key, kSubjects);
        if (!near.empty()) meant = ": it has " + in_quotes(member.key) + near;
    }
    if (given.size() == 1) return "";
    return rule + (given.empty() ? meant : ": it has " + join_words(given));
}

}  // namespace

std::vector<Node> parse_verify(Node& node, const ParseOptions& options, ManifestErrors& errors) {
    std::vector<Node> checks;
    if (node.is_list()) {
        checks = std::move(node.list());
    } else {
        checks.push_back(std::move(node));
    }
    const KindDoc* shape = find_kind(options.kinds, "check");
    for (const Node& check : checks) {
        if (const std::string fault = verification_fault(check); !fault.empty()) {
            errors.add(check.position(), fault);
        } else if (shape != nullptr) {
            check_arguments(check, *shape, "a verification", errors);
        }
    }
    return checks;
}

FactSpecification parse_fact(NodeMember& member, const ParseOptions& options, ManifestErrors& errors) {
    FactSpecification fact;
    fact.name = member.key;
    fact.position = member.position;
    if (!member.value.is_object()) {
        errors.add(member.value.position(),
                   std::string("a fact is an object with 'detect', not ") + member.value.type_name());
        fact.with = Node(member.value.position(), Node::Members());
        return fact;
    }
    ObjectReader reader(member.value, "a fact", errors);
    const auto detector = reader.text("detect", true);
    fact.detector = detector ? *detector : SourceText{"", member.position};
    fact.with = take_with(reader, member.value);
    reader.finish();
    check_kind(fact.detector, fact.with, options.detectors, errors, "detector");
    return fact;
}

Action parse_action(Node& node, const ParseOptions& options, ManifestErrors& errors) {
    Action action;
    action.position = node.position();
    if (!node.is_object()) {
        errors.add(node.position(), std::string("an action is an object, not ") + node.type_name());
        action.with = Node(node.position(), Node::Members());
        return action;
    }
    ObjectReader reader(node, "an action", errors);
    parse_id(action, reader, errors);
    parse_kind(action, reader, node, errors);
    action.with = take_with(reader, node);
    parse_details(action, reader, errors);
    const std::vector<std::string> policies = {"fail", "skip"};
    const auto inherited = static_cast<std::size_t>(options.on_missing_input);
    action.on_missing_input = static_cast<OnMissingInput>(reader.one_of("on_missing_input", policies, inherited));
    if (Node* verify = reader.find("verify")) action.verify = parse_verify(*verify, options, errors);
    reader.finish();
    check_kind(action.kind, action.with, options.kinds, errors, "kind");
    return action;
}

const Node* target_of(const Node& with) {
    for (const char* key :
         {"path", "to", "from", "name", "env", "argv", "command", "url", "http", "tcp", "file", "repo"}) {
        const Node* node = with.find(key);
        if (node == nullptr) continue;
        if (node->is_list() && !node->list().empty()) node = &node->list()[0];
        if (node->is_text() || is_select(*node)) return node;
    }
    return nullptr;
}

}  // namespace backout
