// The part of Resolver that reads a `select`, finds its table, and takes the value of the row.

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/text.h"
#include "manifest/reader.h"
#include "manifest/resolver.h"
#include "manifest/select.h"
#include "plan/template.h"

namespace backout {

struct Resolver::Select {
    const Node* table = nullptr;
    const Node* value = nullptr;
    const Node* fallback = nullptr;
    std::vector<SelectColumn> columns;
};

namespace {

const std::vector<std::string> kSelectKeys = {"table", "on", "value", "default", "compare"};

std::vector<std::string> column_names(const std::vector<SelectColumn>& columns) {
    std::vector<std::string> names;
    for (const SelectColumn& column : columns) names.push_back(column.name);
    return names;
}

std::vector<std::string> keys_of(const Json& object) {
    std::vector<std::string> keys;
    for (const auto& entry : object.items()) keys.push_back(entry.key());
    return keys;
}

}  // namespace

bool Resolver::read_columns(const Node& inside, Select& select) {
    const Node* on = inside.find("on");
    if (on == nullptr || !on->is_object() || on->members().empty()) {
        fail((on != nullptr ? *on : inside).position(),
             "'select' needs 'on': an object of columns and the values wanted");
        return false;
    }
    bool good = true;
    for (const NodeMember& member : on->members()) {
        const std::size_t before = errors_.problems.size();
        const Json wanted = resolve_node(member.value, Place{});
        const bool resolved = errors_.problems.size() == before;
        good = good && resolved && !wanted.is_structured();
        if (resolved && has_template(wanted)) {
            fail(member.value.position(),
                 "a table can't be decided by what isn't known when the plan is made, or is secret");
        } else if (resolved && wanted.is_structured()) {
            fail(member.value.position(), "a wanted value is a string, a number, true, false or null");
        }
        const std::string text = wanted.is_string() ? wanted.get<std::string>() : dump_canonical(wanted);
        select.columns.push_back(SelectColumn{member.key, text, wanted.is_null()});
    }
    return good;
}

bool Resolver::read_comparisons(const Node& inside, Select& select) {
    const Node* compare = inside.find("compare");
    if (compare == nullptr) return true;
    if (!compare->is_object()) {
        fail(compare->position(), std::string("'compare' is an object of columns, not ") + compare->type_name());
        return false;
    }
    bool good = true;
    for (const NodeMember& member : compare->members()) {
        const auto column = std::find_if(select.columns.begin(), select.columns.end(),
                                         [&member](const SelectColumn& each) { return each.name == member.key; });
        const auto comparison = member.value.is_text() ? comparison_from(member.value.text()) : std::nullopt;
        if (column == select.columns.end()) {
            fail(member.position, "'on' has no column " + in_quotes(member.key) +
                                      did_you_mean(member.key, column_names(select.columns)));
        } else if (!comparison) {
            fail(member.value.position(), "a comparison is one of " + join_words(comparison_words()));
        } else {
            column->comparison = *comparison;
            continue;
        }
        good = false;
    }
    return good;
}

bool Resolver::read_select(const Node& inside, Select& select) {
    bool good = true;
    for (const NodeMember& member : inside.members()) {
        if (std::find(kSelectKeys.begin(), kSelectKeys.end(), member.key) != kSelectKeys.end()) continue;
        fail(member.position,
             "unknown key " + in_quotes(member.key) + " in 'select'" + did_you_mean(member.key, kSelectKeys));
        good = false;
    }
    select.table = inside.find("table");
    select.value = inside.find("value");
    select.fallback = inside.find("default");
    for (const auto& [node, key] : {std::pair(select.table, "table"), std::pair(select.value, "value")}) {
        if (node != nullptr) continue;
        fail(inside.position(), std::string("'select' needs '") + key + "'");
        good = false;
    }
    good = read_columns(inside, select) && good;
    return good && read_comparisons(inside, select);
}

const Json* Resolver::load_file(const Node& table, const std::string& file) {
    const auto known = tables_.find(file);
    if (known != tables_.end()) return known->second.get();
    if (!load_table_) {
        fail(table.position(), "tables can't be read from files here");
        return nullptr;
    }
    const auto text = load_table_(file);
    if (!text) {
        fail(table.position(), "the table " + in_quotes(file) + " can't be read: " + text.error().text());
        return nullptr;
    }
    ManifestErrors errors;
    errors.source_name = file;
    const auto node = read_node(text.value(), errors);
    if (!node) {
        fail(table.position(), "in the table " + errors.to_error().message);
        return nullptr;
    }
    return tables_.emplace(file, std::make_unique<const Json>(node->to_json())).first->second.get();
}

// "wheels.json", or "wheels.json#/pointer/to/rows".
const Json* Resolver::load_rows(const Node& table) {
    const Json name = resolve_node(table, Place{});
    if (!name.is_string()) {
        if (!name.is_null()) fail(table.position(), "the name of a table must be known when the plan is made");
        return nullptr;
    }
    const std::string text = name.get<std::string>();
    const std::size_t hash = text.find("#/");
    const Json* document = load_file(table, text.substr(0, hash));
    if (document == nullptr || hash == std::string::npos) return document;
    const std::string pointer = text.substr(hash + 1);
    try {
        const Json::json_pointer place(pointer);
        if (document->contains(place)) return &document->at(place);
        fail(table.position(),
             "the table " + in_quotes(text.substr(0, hash)) + " has nothing at " + in_quotes(pointer));
    } catch (const Json::exception&) {
        fail(table.position(), in_quotes(pointer) + " is no JSON pointer: it looks like /wheels");
    }
    return nullptr;
}

const Json* Resolver::find_rows(const Node& table, Json& inline_rows) {
    const Json* rows = &inline_rows;
    if (table.is_text()) {
        rows = load_rows(table);
    } else {
        const std::size_t before = errors_.problems.size();
        inline_rows = resolve_node(table, Place{});
        if (errors_.problems.size() != before) return nullptr;
    }
    if (rows != nullptr && rows->is_object() && rows->contains("rows")) return &(*rows)["rows"];
    return rows;
}

// A string names a column, unless it holds references; then it is the value, with ${row.COLUMN} in it.
Json Resolver::selected_value(const Node& value, const Json& row) {
    Place place;
    place.row = &row;
    if (!value.is_text() || may_have_references(value.text())) return resolve_node(value, place);
    if (row.contains(value.text())) return row[value.text()];
    return fail(value.position(),
                "the matching row has no column " + in_quotes(value.text()) + did_you_mean(value.text(), keys_of(row)));
}

Json Resolver::resolve_select(const Node& inside, const Place& place) {
    Select select;
    if (!inside.is_object() || !read_select(inside, select)) return nullptr;
    Json inline_rows;
    const Json* rows = find_rows(*select.table, inline_rows);
    if (rows == nullptr) return nullptr;
    const auto answer = select_row(*rows, select.columns);
    if (!answer) return fail(select.table->position(), answer.error().text());
    if (answer->row) return selected_value(*select.value, (*rows)[*answer->row]);
    if (select.fallback != nullptr) return resolve_node(*select.fallback, place);
    return fail(inside.position(), answer->explanation + ", and there is no 'default'");
}

}  // namespace backout
