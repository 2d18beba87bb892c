#pragma once
// `${…}` in strings: taking them apart, and the interface that answers them. A reference is only a name here; nothing
// in this pair knows any value. `$${` stands for the literal `${`, and any other `$` for itself.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <variant>
#include <vector>

#include "base/json.h"
#include "manifest/problem.h"

namespace backout {

/// One reference, as written between `${` and `}` or bare in a condition.
struct Reference {
    enum class Root : std::uint8_t {
        inputs,     ///< inputs.NAME
        facts,      ///< facts.NAME.FIELD…
        actions,    ///< actions.ID.OUTPUT: `rest` holds both, for only the list of ids tells where the id ends
        env,        ///< env.NAME
        run,        ///< backout.run
        directory,  ///< manifest.dir
        file,       ///< file, inside `validate`
        row,        ///< row.COLUMN, inside the `value` of a `select`
    };
    Root root = Root::inputs;
    std::string name = {};                 ///< of the input, fact, environment variable or column; empty otherwise
    std::vector<std::string> fields = {};  ///< of a fact
    std::string rest = {};                 ///< of an action: everything behind "actions."
    std::string text = {};                 ///< the whole, as written
    std::size_t offset = 0;                ///< of the text in the string it stands in, in bytes
};

/// A problem inside a string: the byte it concerns.
struct TextProblem {
    std::size_t offset = 0;
    std::string message;
};

/// The inside of a reference. On failure `problem` is set, with its offset counted from the start of `text`.
std::optional<Reference> parse_reference(std::string_view text, TextProblem& problem);

/// A string in pieces: literal text (with `$${` already turned) and references.
using TextPieces = std::vector<std::variant<std::string, Reference>>;

/// `text` in pieces. Every malformed reference is reported, and left out of the pieces.
TextPieces parse_text(std::string_view text, std::vector<TextProblem>& problems);

/// False is certain: nothing in `text` could be a reference or a `$${`.
bool may_have_references(std::string_view text);

/// The ids of a manifest's actions, for finding out where an id ends in "actions.file.write:/etc/app.conf.digest".
class ActionIds {
  public:
    void add(const std::string& id) { ids_.insert(id); }
    void reserve(std::size_t count) { ids_.reserve(count); }
    bool contains(const std::string& id) const { return ids_.count(id) != 0; }
    std::size_t size() const { return ids_.size(); }

    struct Output {
        std::string id;
        std::string output;  ///< may go deeper: "user.login"
    };
    /// What stands behind "actions.", taken apart: a quoted id, else the longest known id followed by a dot.
    /// Nothing if the id is unknown or the output is missing.
    std::optional<Output> split(const std::string& rest) const;
    /// " (did you mean …?)" for the unknown id in `rest`, or "".
    std::string suggestion(const std::string& rest) const;
    std::vector<std::string> list() const { return {ids_.begin(), ids_.end()}; }

  private:
    std::unordered_set<std::string> ids_;
};

/// What a reference stands for, as far as it is known.
struct ReferenceAnswer {
    enum class Kind : std::uint8_t {
        known,          ///< `value` is it
        deferred,       ///< an output, known once `action` has run
        secret,         ///< an input whose value must not enter a plan
        run,            ///< the run's name, known when there is a run
        missing_input,  ///< an input that nobody gave
        absent,         ///< rightly named, but nothing is there: an unset variable, a field that a fact lacks
        unknown,        ///< no such thing can be
    };
    Kind kind = Kind::unknown;
    std::shared_ptr<const Json> value = {};
    std::string action = {};  ///< deferred: the id
    std::string output = {};  ///< deferred: the output
    std::string message =
        {};  ///< missing_input, absent, unknown: one sentence that names the reference and the nearest

    static ReferenceAnswer known(Json value);
    static ReferenceAnswer without_value(Kind kind, std::string message);
};

/// Who answers references. Implementations hold values of inputs, facts and so on; asking never changes anything.
class ReferenceSource {
  public:
    virtual ~ReferenceSource() = default;
    virtual ReferenceAnswer look_up(const Reference& reference) const = 0;
};

}  // namespace backout
