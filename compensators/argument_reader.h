#pragma once
// Takes the arguments of a kind (or an object inside them) apart and collects every complaint, so that a person mends a
// manifest in one go. It knows types, not meanings. Templates (plan/template.h) are let through only where asked for.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/result.h"

namespace backout {

class ArgumentReader {
  public:
    /// `where` goes before each name in messages: "undo." gives "undo.argv". Requires: `object` outlives the reader.
    explicit ArgumentReader(const Json& object, std::string where = "");

    /// Complains about every other key, naming the nearest known one.
    void only(const std::vector<std::string>& names);
    void require(const std::string& name);
    bool has(const std::string& name) const;

    std::string text(const std::string& name, const std::string& fallback = "");
    bool flag(const std::string& name, bool fallback);
    std::optional<std::int64_t> integer(const std::string& name, std::int64_t least, std::int64_t most);
    Nanoseconds duration(const std::string& name, Nanoseconds fallback);
    std::vector<std::string> texts(const std::string& name);
    /// Octal text ("0644") or null.
    std::optional<std::uint32_t> mode(const std::string& name);
    /// One number or a list of numbers.
    std::vector<std::int64_t> integers(const std::string& name, const std::vector<std::int64_t>& fallback);

    /// The value as it is, if it is a text or a template; null when absent.
    Json text_or_template(const std::string& name);
    /// A list of such; an empty list when absent.
    Json texts_or_templates(const std::string& name);
    /// An object of such; an empty object when absent.
    Json text_map(const std::string& name);
    /// An object; null when absent.
    Json object(const std::string& name);

    void complain(const std::string& name, const std::string& problem);
    void take_problems_of(const ArgumentReader& other);
    const std::vector<std::string>& problems() const { return problems_; }
    /// `invalid` with all complaints, or success.
    Status finish() const;

  private:
    const Json* find(const std::string& name) const;
    const Json* find_typed(const std::string& name, bool (*is_type)(const Json&), const char* wanted);

    const Json& object_;
    std::string where_;
    std::vector<std::string> problems_;
};

/// `path` against `base` unless absolute; "." and double slashes go. ".." is kept, for the host to refuse.
std::string absolute_path(const std::string& base, const std::string& path);
/// The same for things that are only read: ".." is resolved by the text.
std::string source_path(const std::string& base, const std::string& path);
/// True for a text or a template.
bool is_text_or_template(const Json& value);
/// Ids of the actions whose outputs `value` waits for, each once.
std::vector<std::string> awaited_actions(const Json& value);
/// True iff a secret stands in `value`.
bool has_secret(const Json& value);

}  // namespace backout
