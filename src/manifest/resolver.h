#pragma once
// Nodes to values: references and decision tables replaced by what they stand for at plan time. What can't be known
// then (outputs of actions, secrets, the run's name) becomes a template (plan/template.h) and never a guess. Pure but
// for the loader of tables that the caller brings.

#include <functional>
#include <map>
#include <memory>
#include <string>

#include "manifest/manifest.h"

namespace backout {

class Resolver {
  public:
    /// The text of a table's file, named as in the manifest.
    using TableLoader = std::function<Result<std::string>(const std::string& file)>;

    /// Requires: `references` outlives the resolver. Without a loader, tables must be written inline.
    Resolver(std::string source_name, const ReferenceSource& references, TableLoader load_table = {});

    /// A string that is exactly one reference takes the value's type; inside text values become text. `${file}` inside
    /// a member "validate" stays as it is written: whoever runs the command replaces it. Tables are read once. Errors:
    /// `invalid` with "FILE:LINE:COLUMN: …" a line, all problems of `node` together.
    Result<Json> resolve(const Node& node);
    /// Errors: `invalid`, as above.
    Result<ConditionOutcome> decide(const When& when);

  private:
    struct Place {
        bool in_validate = false;
        const Json* row = nullptr;
    };
    struct Select;

    Json resolve_node(const Node& node, const Place& place);
    Json resolve_text(const Node& node, const Place& place);
    Json resolve_object(const Node& node, const Place& place);
    Json piece_of(const Node& node, const Reference& reference, const Place& place);
    bool is_plain_key(const NodeMember& member);
    Json answer_of(const Node& node, const Reference& reference, const ReferenceAnswer& answer);
    Json row_value(const Node& node, const Reference& reference, const Place& place);
    void append_piece(Json& parts, const Node& node, const Reference& reference, Json piece);

    Json resolve_select(const Node& inside, const Place& place);
    bool read_select(const Node& inside, Select& select);
    bool read_columns(const Node& inside, Select& select);
    bool read_comparisons(const Node& inside, Select& select);
    const Json* find_rows(const Node& table, Json& inline_rows);
    const Json* load_rows(const Node& table);
    const Json* load_file(const Node& table, const std::string& file);
    Json selected_value(const Node& value, const Json& row);

    Json fail(Position position, std::string message);

    std::string source_name_;
    const ReferenceSource& references_;
    TableLoader load_table_;
    std::map<std::string, std::unique_ptr<const Json>> tables_;
    ManifestErrors errors_;
};

}  // namespace backout
