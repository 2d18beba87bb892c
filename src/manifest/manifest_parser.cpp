#include <algorithm>
#include <new>
#include <stdexcept>
#include <utility>

#include "base/bytes.h"
#include "base/text.h"
#include "manifest/action_parser.h"
#include "manifest/identities.h"
#include "manifest/object_reader.h"
#include "manifest/parse.h"
#include "manifest/reader.h"
#include "manifest/reference_check.h"
#include "plan/template.h"

namespace backout {

namespace {

bool is_identifier(const std::string& name) {
    const auto fits = [](char character) {
        const bool letter = (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z');
        return letter || (character >= '0' && character <= '9') || character == '_' || character == '-';
    };
    return !name.empty() && std::all_of(name.begin(), name.end(), fits);
}

bool is_manifest_name(const std::string& name) {
    const bool plain = name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
    return !name.empty() && plain && name[0] != '-';
}

class ManifestParser {
  public:
    ManifestParser(const ParseOptions& options, ParsedManifest& parsed)
        : options_(options), errors_(parsed.errors), manifest_(parsed.manifest.emplace()) {}

    void parse(Node& root);

  private:
    void parse_version(ObjectReader& reader);
    void parse_name(ObjectReader& reader);
    void parse_policies(ObjectReader& reader);
    void parse_inputs(Node& node);
    void parse_facts(Node& node);
    void parse_actions(Node& node);
    InputSpecification parse_input(NodeMember& member);
    void parse_input_members(InputSpecification& input, ObjectReader& reader);
    void check_default(const InputSpecification& input, Position position);

    ParseOptions options_;
    ManifestErrors& errors_;
    Manifest& manifest_;
};

void ManifestParser::parse_version(ObjectReader& reader) {
    const Node* version = reader.find("backout", true);
    if (version == nullptr) return;
    if (version->type() != Node::Type::integer) {
        reader.report(version->position(), "'backout' is the version of the format, a number: write 1");
    } else if (version->integer() > 1) {
        reader.report(version->position(), "this manifest is of format " + std::to_string(version->integer()) +
                                               ", and this Backout knows only 1: a newer one is needed");
    } else if (version->integer() != 1) {
        reader.report(version->position(), "there is no format " + std::to_string(version->integer()) + ": write 1");
    }
}

void ManifestParser::parse_name(ObjectReader& reader) {
    const auto name = reader.text("name", true);
    if (!name) return;
    manifest_.name = name->value;
    if (is_manifest_name(name->value)) return;
    reader.report(name->position, "the name " + in_quotes(name->value) +
                                      " is not made of small letters, digits and '-', or begins with '-'");
}

void ManifestParser::parse_policies(ObjectReader& reader) {
    manifest_.on_drift = static_cast<OnDrift>(reader.one_of("on_drift", {"rollback", "stop"}, 0));
    manifest_.on_missing_input = static_cast<OnMissingInput>(
        reader.one_of("on_missing_input", {"fail", "skip"}, static_cast<std::size_t>(options_.on_missing_input)));
    options_.on_missing_input = manifest_.on_missing_input;
}

void ManifestParser::check_default(const InputSpecification& input, Position position) {
    if (!input.default_value || !input.pattern || !input.default_value->is_string()) return;
    const auto found = input.pattern->is_found_in(input.default_value->get<std::string>());
    if (!found) return errors_.add(position, found.error().message);
    if (found.value()) return;
    errors_.add(position, "the default of " + in_quotes(input.name) + " doesn't match its own pattern " +
                              in_quotes(input.pattern->text()));
}

void ManifestParser::parse_input_members(InputSpecification& input, ObjectReader& reader) {
    if (const auto description = reader.text("description")) input.description = description->value;
    if (const auto pattern = reader.text("pattern")) {
        auto compiled = SearchPattern::compile(pattern->value);
        if (compiled)
            input.pattern = std::move(compiled).value();
        else
            reader.report(pattern->position, compiled.error().message);
    }
    if (const auto env = reader.text("env")) {
        input.env = env->value;
        const bool usable = !env->value.empty() && env->value.find('=') == std::string::npos;
        if (!usable) reader.report(env->position, "'env' is the name of an environment variable");
    }
    input.secret = reader.flag("secret");
    if (const Node* value = reader.find("default")) {
        input.default_value = value->to_json();
        check_default(input, value->position());
        if (input.secret) {
            reader.report(value->position(),
                          "a secret has no default: what stands in a manifest is no secret; take it out, and name an "
                          "environment variable in 'env', or leave it to --inputs or the question");
        }
    }
}

InputSpecification ManifestParser::parse_input(NodeMember& member) {
    InputSpecification input;
    input.name = member.key;
    input.position = member.position;
    if (!is_identifier(input.name)) {
        errors_.add(member.position, "the name of an input is made of letters, digits, '_' and '-'");
    }
    if (!member.value.is_object()) {
        errors_.add(member.value.position(), std::string("an input is an object, not ") + member.value.type_name() +
                                                 ": write { \"default\": … }");
        return input;
    }
    ObjectReader reader(member.value, "an input", errors_);
    parse_input_members(input, reader);
    reader.finish();
    return input;
}

void ManifestParser::parse_inputs(Node& node) {
    manifest_.inputs_position = node.position();
    for (NodeMember& member : node.members()) manifest_.inputs.push_back(parse_input(member));
}

void ManifestParser::parse_facts(Node& node) {
    for (NodeMember& member : node.members()) {
        if (!is_identifier(member.key)) {
            errors_.add(member.position, "the name of a fact is made of letters, digits, '_' and '-'");
        }
        manifest_.facts.push_back(parse_fact(member, options_, errors_));
    }
}

void ManifestParser::parse_actions(Node& node) {
    if (node.list().size() > options_.most_actions) {
        errors_.add(node.position(), "too many actions: " + std::to_string(node.list().size()) + ", at most " +
                                         std::to_string(options_.most_actions));
        return;
    }
    manifest_.actions.reserve(node.list().size());
    for (Node& element : node.list()) {
        manifest_.actions.push_back(parse_action(element, options_, errors_));
        element = Node();  // what the action didn't take is given back now, not when the whole list goes
    }
}

void ManifestParser::parse(Node& root) {
    manifest_.source_name = errors_.source_name;
    manifest_.directory = options_.directory;
    ObjectReader reader(root, "a manifest", errors_);
    reader.text("$schema");
    parse_version(reader);
    parse_name(reader);
    if (const auto description = reader.text("description")) manifest_.description = description->value;
    parse_policies(reader);
    if (Node* inputs = reader.object("inputs")) parse_inputs(*inputs);
    if (Node* facts = reader.object("facts")) parse_facts(*facts);
    if (Node* actions = reader.list("actions", true)) parse_actions(*actions);
    if (Node* verify = reader.find("verify")) manifest_.verify = parse_verify(*verify, options_, errors_);
    reader.finish();
    give_default_ids(manifest_);
    collect_ids(manifest_, errors_);
    check_names(manifest_, errors_);
}

void parse_into(ParsedManifest& parsed, std::string_view text, const ParseOptions& options) {
    auto root = read_node(text, parsed.errors);
    if (!root) return;
    if (!root->is_object()) {
        parsed.errors.add(root->position(), std::string("a manifest is an object { … }, not ") + root->type_name());
        return;
    }
    ManifestParser(options, parsed).parse(*root);
    if (!parsed.errors.empty()) parsed.manifest.reset();
}

}  // namespace

ParsedManifest parse_manifest(std::string_view text, const std::string& source_name, const ParseOptions& options) {
    ParsedManifest parsed;
    parsed.errors.source_name = source_name;
    try {
        parse_into(parsed, text, options);
    } catch (const std::exception& exception) {
        // bad_alloc and length_error: a manifest too large for this machine.
        parsed.manifest.reset();
        parsed.errors.add({}, std::string("can't be held in memory: ") + exception.what());
    }
    return parsed;
}

}  // namespace backout
