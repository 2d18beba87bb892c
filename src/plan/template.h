#pragma once
// Values that can't be written down before the run: the output of an earlier step, a secret, the run's name. In
// arguments they stand as the object {"$template": ["text", {"ref": "actions.gist.id"}, "text"]}, made by the manifest
// room, kept word for word in plans and journals, and expanded just before a step is executed. It is not a language:
// no defaults, no functions. In outputs a reference may stand for a part of a secret: {"ref": …, "from": 0,
// "bytes": 9}. Invariant: a secret's value never enters a template, only its name does.

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace backout {

/// The one key of a template object. Users' own objects with this key are refused where they come in.
inline constexpr const char* kTemplateKey = "$template";

/// One reference in a template, taken apart.
struct TemplateReference {
    enum class Kind {
        action_output,  ///< actions.ID.OUTPUT: `name` is the id, `field` the output
        secret_input,   ///< inputs.NAME: `name` is the input
        run,            ///< backout.run
    };
    Kind kind = Kind::run;
    std::string name = {};
    std::string field = {};  ///< may go deeper: "user.login"
    std::string text = {};   ///< as it stands in the template
};

/// "actions.gist.id"; an id with anything but letters, digits, '_' and '-' is quoted: "actions.'file.write:/a'.digest".
std::string action_reference_text(const std::string& id, const std::string& output);

/// `text` taken apart, or nothing if it is none of the three kinds.
std::optional<TemplateReference> parse_template_reference(const std::string& text);

/// True iff `value` or anything in it is a template.
bool has_template(const Json& value);

/// All references in `value` in reading order, doubled ones too. References that are none of the known kinds are left
/// out here, and refused by `expand_templates`.
std::vector<TemplateReference> template_references(const Json& value);

/// `value` with every template replaced: one that is a single reference by the looked-up value with its type, any other
/// by text. Looked-up values are not searched for templates again.
/// Errors: `invalid` for a malformed template or a list or object inside text; what `look_up` answers otherwise.
Result<Json> expand_templates(const Json& value,
                              const std::function<Result<Json>(const std::string& reference)>& look_up);

/// `value` as it stands inside a text: strings as they are, numbers and truth values as in JSON.
/// Errors: `invalid` for null, lists and objects.
Result<std::string> embed_in_text(const Json& value);

/// For people: "release-(known after gist)", "(secret token)". Values without templates come as compact JSON, strings
/// bare.
std::string describe_template(const Json& value);

}  // namespace backout
