#include "plan/plan_codec.h"

#include <cstdio>
#include <exception>

#include <nlohmann/json.hpp>
#include <utility>

#include "base/digest.h"
#include "plan/plan_reader.h"

namespace backout {

namespace {

constexpr std::size_t kMostBytes = std::size_t{1} << 30U;

Json text_or_null(const std::string& text) {
    return text.empty() ? Json(nullptr) : Json(text);
}

// Whole seconds or milliseconds: `format_duration` rounds, and a plan must come back as it was.
Json duration_or_null(Nanoseconds duration) {
    if (duration <= 0) return nullptr;
    if (duration % kSecond == 0) return std::to_string(duration / kSecond) + "s";
    return std::to_string((duration + kMillisecond - 1) / kMillisecond) + "ms";
}

Json undo_to_json(const UndoDeclaration& undo) {
    return Json{{"description", undo.description},
                {"reversibility", to_string(undo.reversibility)},
                {"condition", text_or_null(undo.condition)}};
}

Json resources_to_json(const std::vector<Resource>& resources) {
    Json list = Json::array();
    for (const Resource& resource : resources) {
        list.push_back(Json{{"type", resource.type},
                            {"key", resource.key},
                            {"tree", resource.tree},
                            {"part", text_or_null(resource.part)}});
    }
    return list;
}

Json retry_to_json(const RetryPolicy& retry) {
    return Json{{"attempts", retry.attempts},
                {"backoff", duration_or_null(retry.backoff)},
                {"max", duration_or_null(retry.longest)}};
}

Json origin_to_json(const Origin& origin) {
    if (origin.run.empty()) return nullptr;
    return Json{{"run", origin.run}, {"step", origin.step}};
}

void write_words(const PlannedStep& step, Json& object) {
    object["step"] = step.step;
    object["id"] = step.id;
    object["kind"] = step.kind;
    object["category"] = step.category;
    object["operation"] = step.operation;
    object["target"] = step.target;
    object["description"] = text_or_null(step.description);
    object["reason"] = text_or_null(step.reason);
    object["details"] = step.details;
    object["arguments"] = step.arguments;
    object["before"] = step.before;
    object["after"] = step.after;
    object["group"] = text_or_null(step.group);
    object["pivot"] = step.pivot;
    object["irreversible"] = step.irreversible;
    object["requires_input"] = step.requires_input;
    object["every_time"] = step.every_time;
}

Json step_to_json(const PlannedStep& step) {
    Json object = Json::object();
    write_words(step, object);
    object["known_after"] = step.known_after;
    object["undo"] = undo_to_json(step.undo);
    object["resources"] = resources_to_json(step.resources);
    object["superseded"] = step.superseded;
    object["depends_on"] = step.depends_on;
    object["order_after"] = step.after_ids;
    object["effect"] = to_string(step.effect);
    object["retry"] = retry_to_json(step.retry);
    object["timeout"] = duration_or_null(step.timeout);
    object["verify"] = Json(step.verify);
    object["origin"] = origin_to_json(step.origin);
    return object;
}

// What the digest covers, but for the steps.
Json digested_head(const Plan& plan) {
    return Json{{"format", kPlanFormat},
                {"name", plan.name},
                {"command", plan.command},
                {"host", plan.host},
                {"root", plan.root},
                {"state", plan.state},
                {"verify", Json(plan.verify)},
                {"on_drift", plan.on_drift == OnDrift::stop ? "stop" : "rollback"},
                {"manifest_directory", plan.manifest_directory},
                {"undoes", text_or_null(plan.undoes)},
                {"warnings", plan.warnings},
                {"context", plan.context}};
}

Error wrong_digest(const Plan& plan, const std::string& source) {
    return Error{ErrorCode::stale,
                 source +
                     ": the digest is wrong: the file was changed after it was written; plan again (it "
                     "says " +
                     plan.digest + ")",
                 source};
}

Result<Plan> checked(Plan plan, const std::string& source) {
    if (plan_digest(plan) != plan.digest) return wrong_digest(plan, source);
    return plan;
}

Error at(const std::string& place, const DocumentProblem& problem) {
    const std::string pointer = json_pointer(problem.parts);
    return Error{ErrorCode::invalid, place + (pointer.empty() ? "" : pointer + ": ") + *problem.message};
}

// "line 3, column 5: what" as "3:5: what", the form in which all errors of files are told.
std::string short_place(const std::string& message) {
    std::size_t line = 0;
    std::size_t column = 0;
    int length = 0;
    // NOLINTNEXTLINE(cert-err34-c): three conversions are checked, and the text is our own
    if (std::sscanf(message.c_str(), "line %zu, column %zu: %n", &line, &column, &length) != 2 || length == 0) {
        return " " + message;
    }
    return std::to_string(line) + ":" + std::to_string(column) + ": " +
           message.substr(static_cast<std::size_t>(length));
}

}  // namespace

Json plan_to_json(const Plan& plan) {
    Json document = digested_head(plan);
    document["id"] = text_or_null(plan.id);
    document["created"] = format_time(plan.created);
    document["digest"] = text_or_null(plan.digest);
    Json& actions = document["actions"] = Json::array();
    for (const PlannedStep& step : plan.steps) actions.push_back(step_to_json(step));
    return document;
}

std::string plan_to_text(const Plan& plan) {
    std::string text = dump_pretty(plan_to_json(plan));
    if (text.empty() || text.back() != '\n') text += '\n';
    return text;
}

std::string plan_digest(const Plan& plan) {
    // Step by step: one document of a million steps would take gigabytes. "actions" is the first key in sorted order.
    Sha256 digest;
    digest.update("{\"actions\":[");
    for (std::size_t index = 0; index < plan.steps.size(); ++index) {
        if (index != 0) digest.update(",");
        digest.update(dump_canonical(step_to_json(plan.steps[index])));
    }
    digest.update("],");
    const std::string head = dump_canonical(digested_head(plan));
    digest.update(std::string_view(head).substr(1));
    return digest.finish_hex();
}

Result<Plan> plan_from_text(const std::string& text, const std::string& source) {
    if (text.size() > kMostBytes) return Error{ErrorCode::invalid, source + ": is larger than 1 GiB", source};
    try {
        auto document = parse_json(text);
        if (!document.ok()) {
            return Error{ErrorCode::invalid, source + ":" + short_place(document.error().message), source};
        }
        DocumentProblem problem;
        Plan plan = read_plan(*document, problem);
        if (problem.none()) return checked(std::move(plan), source);
        Error error = at(source + ":" + line_and_column(text, problem.parts) + ": ", problem);
        error.path = source;
        return error;
    } catch (const std::exception& error) {
        return Error{ErrorCode::invalid, source + ": can't be read: " + error.what(), source};
    }
}

Result<Plan> plan_from_json(const Json& document) {
    try {
        DocumentProblem problem;
        Plan plan = read_plan(document, problem);
        if (problem.none()) return checked(std::move(plan), "plan");
        return at("plan: ", problem);
    } catch (const std::exception& error) {
        return Error{ErrorCode::invalid, std::string("the plan can't be read: ") + error.what()};
    }
}

}  // namespace backout
