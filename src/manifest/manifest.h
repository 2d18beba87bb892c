#pragma once
// What a person wrote, checked: every name that is not a value of the machine exists, every type is right. Nothing is
// resolved yet: arguments are nodes with references in them, conditions are parsed and not decided. Everything keeps
// its place in the file, for the errors that only show later.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "manifest/condition.h"
#include "manifest/node.h"
#include "manifest/problem.h"
#include "manifest/reference.h"
#include "manifest/search_pattern.h"
#include "plan/plan.h"

namespace backout {

/// A string with its place.
struct SourceText {
    std::string value;
    Position position;
};

/// What becomes of an action whose input nobody gave.
enum class OnMissingInput : std::uint8_t {
    fail,  ///< the whole manifest is refused before anything is changed
    skip,  ///< the action is skipped
};

struct InputSpecification {
    std::string name;
    Position position;  ///< of the name
    std::optional<Json> default_value;
    std::string description;
    std::optional<SearchPattern> pattern;
    std::string env;  ///< the environment variable that may hold the value; empty: none
    bool secret = false;
};

struct FactSpecification {
    std::string name;
    Position position;    ///< of the name
    SourceText detector;  ///< "python"
    Node with;            ///< always an object
};

/// A condition and the node it came from, for places in errors.
struct When {
    Condition condition;
    Node node;
};

struct Action {
    std::string id;  ///< empty until `assign_ids` if a default id has references in its target
    bool id_given = false;
    Position position;  ///< of the id if given, else of the action
    SourceText kind;    ///< "file.write"
    Node with;          ///< always an object
    std::vector<SourceText> depends_on;
    std::vector<SourceText> after;
    std::optional<When> when;
    std::string group;
    std::string description;
    std::vector<Node> verify;
    RetryPolicy retry;
    Nanoseconds timeout = 0;  ///< 0: none
    OnMissingInput on_missing_input = OnMissingInput::fail;
    bool requires_input = false;
    bool irreversible = false;
    bool pivot = false;
};

struct Manifest {
    std::string source_name;  ///< the file as the caller named it, or "-"
    std::string directory;    ///< what relative paths are relative to; given by the caller
    std::string name;
    std::string description;
    std::vector<InputSpecification> inputs;
    Position inputs_position;  ///< of the object that declares them; 0:0 if there is none
    std::vector<FactSpecification> facts;
    std::vector<Action> actions;
    std::vector<Node> verify;
    OnDrift on_drift = OnDrift::rollback;
    OnMissingInput on_missing_input = OnMissingInput::fail;
    ActionIds ids;             ///< of all actions that have one
    std::size_t open_ids = 0;  ///< actions whose id `assign_ids` has yet to give

    const InputSpecification* find_input(const std::string& input) const;
    const FactSpecification* find_fact(const std::string& fact) const;
};

/// One argument of a kind.
struct ParameterDoc {
    std::string name;
    bool required = false;
    std::string description = {};
    Json schema = nullptr;  ///< JSON Schema of the value; null: anything
};

/// What the manifest room needs to know of a kind of action, or of a detector of facts.
struct KindDoc {
    std::string name;  ///< "file.write"; "acme.*" stands for all kinds of a plug-in
    std::string summary = {};
    std::vector<ParameterDoc> parameters = {};
    bool open = false;  ///< takes other arguments too
};

}  // namespace backout
