#include "plan/plan_reader.h"

#include <nlohmann/json.hpp>
#include <unordered_set>
#include <utility>

#include "base/bytes.h"

namespace backout {

namespace {

// null stands for "no limit".
Nanoseconds read_duration(StrictObject& object, const char* name) {
    const std::string text = object.text_or_null(name);
    if (text.empty()) return 0;
    auto duration = parse_duration(text);
    if (duration.ok()) return *duration;
    object.refuse(name, duration.error().message);
    return 0;
}

UnixNanoseconds read_time(StrictObject& object, const char* name) {
    const std::string text = object.text(name);
    auto time = parse_time(text);
    if (time.ok()) return *time;
    object.refuse(name, time.error().message);
    return 0;
}

UndoDeclaration read_undo(const Json& value, const JsonPlace& place, DocumentProblem& problem) {
    StrictObject object(value, place, problem);
    UndoDeclaration undo;
    undo.description = object.text("description");
    auto reversibility = reversibility_from(object.text("reversibility"));
    if (reversibility.ok()) {
        undo.reversibility = *reversibility;
    } else {
        object.refuse("reversibility", reversibility.error().message);
    }
    undo.condition = object.text_or_null("condition");
    object.finish();
    return undo;
}

Resource read_resource(const Json& value, const JsonPlace& place, DocumentProblem& problem) {
    StrictObject object(value, place, problem);
    Resource resource;
    resource.type = object.text("type");
    resource.key = object.text("key");
    resource.tree = object.boolean("tree");
    resource.part = object.text_or_null("part");
    object.finish();
    return resource;
}

std::vector<Resource> read_resources(const Json& list, const JsonPlace& place, DocumentProblem& problem) {
    std::vector<Resource> resources;
    resources.reserve(list.size());
    for (const Json& element : list) {
        resources.push_back(read_resource(element, element_of(place, resources.size()), problem));
    }
    return resources;
}

RetryPolicy read_retry(const Json& value, const JsonPlace& place, DocumentProblem& problem) {
    StrictObject object(value, place, problem);
    RetryPolicy retry;
    const std::uint32_t attempts = object.number("attempts");
    if (attempts == 0 || attempts > 1'000'000) object.refuse("attempts", "a number from 1 to 1000000 was expected");
    retry.attempts = static_cast<int>(attempts);
    retry.backoff = read_duration(object, "backoff");
    retry.longest = read_duration(object, "max");
    object.finish();
    return retry;
}

Origin read_origin(const Json& value, const JsonPlace& place, DocumentProblem& problem) {
    if (value.is_null()) return {};
    StrictObject object(value, place, problem);
    Origin origin;
    origin.run = object.text("run");
    origin.step = object.number("step");
    object.finish();
    return origin;
}

Effect read_effect(StrictObject& object) {
    auto effect = effect_from(object.text("effect"));
    if (effect.ok()) return *effect;
    object.refuse("effect", effect.error().message);
    return Effect::none;
}

std::vector<Json> read_objects(StrictObject& object, const char* name, DocumentProblem& problem) {
    const Json& list = object.list(name);
    std::vector<Json> found;
    found.reserve(list.size());
    for (const Json& element : list) {
        const JsonPlace list_place = object.place_of(name);
        if (!element.is_object()) problem.note(element_of(list_place, found.size()), "an object was expected");
        found.push_back(element);
    }
    return found;
}

void read_words(StrictObject& object, PlannedStep& step) {
    step.step = object.number("step");
    step.id = object.text("id");
    step.kind = object.text("kind");
    step.category = object.text("category");
    // What is shown must be what is done.
    if (step.category != step.kind.substr(0, step.kind.find('.'))) {
        object.refuse("category",
                      "'" + printable(step.category) + "' is not what '" + printable(step.kind) + "' belongs to");
    }
    step.operation = object.text("operation");
    step.target = object.text("target");
    step.description = object.text_or_null("description");
    step.reason = object.text_or_null("reason");
    step.details = object.any("details");
    step.arguments = object.any("arguments");
    step.before = object.any("before");
    step.after = object.any("after");
    step.group = object.text_or_null("group");
    step.pivot = object.boolean("pivot");
    step.irreversible = object.boolean("irreversible");
    step.requires_input = object.boolean("requires_input");
    step.every_time = object.boolean("every_time");
}

PlannedStep read_step(const Json& value, const JsonPlace& place, DocumentProblem& problem) {
    StrictObject object(value, place, problem);
    PlannedStep step;
    read_words(object, step);
    step.known_after = object.texts("known_after");
    step.undo = read_undo(object.any("undo"), object.place_of("undo"), problem);
    step.resources = read_resources(object.list("resources"), object.place_of("resources"), problem);
    step.superseded = object.texts("superseded");
    step.depends_on = object.texts("depends_on");
    step.after_ids = object.texts("order_after");
    step.effect = read_effect(object);
    step.retry = read_retry(object.any("retry"), object.place_of("retry"), problem);
    step.timeout = read_duration(object, "timeout");
    step.verify = read_objects(object, "verify", problem);
    step.origin = read_origin(object.any("origin"), object.place_of("origin"), problem);
    object.finish();
    return step;
}

// Ids are identity, numbers are places: both must be right, or records of a run would name the wrong step.
void check_identity(const std::vector<PlannedStep>& steps, const JsonPlace& place, DocumentProblem& problem) {
    std::unordered_set<std::string> ids;
    for (std::size_t index = 0; index < steps.size() && problem.none(); ++index) {
        const JsonPlace element = element_of(place, index);
        if (steps[index].step != index + 1) {
            problem.note(JsonPlace{&element, "step"}, "the number " + std::to_string(index + 1) + " was expected");
        }
        if (steps[index].id.empty()) problem.note(JsonPlace{&element, "id"}, "an id can't be empty");
        if (!ids.insert(steps[index].id).second) {
            problem.note(JsonPlace{&element, "id"}, "the id '" + printable(steps[index].id) + "' is given twice");
        }
    }
}

// An order that contradicts the dependencies would let a step run before what it needs.
void check_dependencies(const std::vector<PlannedStep>& steps, const JsonPlace& place, DocumentProblem& problem) {
    std::unordered_set<std::string> earlier;
    for (std::size_t index = 0; index < steps.size() && problem.none(); ++index) {
        const JsonPlace element = element_of(place, index);
        for (const auto& [name, ids] :
             {std::pair{"depends_on", &steps[index].depends_on}, std::pair{"order_after", &steps[index].after_ids}}) {
            for (const std::string& id : *ids) {
                if (earlier.count(id) != 0) continue;
                problem.note(JsonPlace{&element, name}, "'" + printable(id) + "' is no step before this one");
            }
        }
        earlier.insert(steps[index].id);
    }
}

std::vector<PlannedStep> read_steps(const Json& list, const JsonPlace& place, DocumentProblem& problem) {
    std::vector<PlannedStep> steps;
    if (list.size() > kMostSteps) {
        problem.note(place, "more than " + std::to_string(kMostSteps) + " steps");
        return steps;
    }
    steps.reserve(list.size());
    for (const Json& element : list) {
        steps.push_back(read_step(element, element_of(place, steps.size()), problem));
        if (!problem.none()) return steps;
    }
    check_identity(steps, place, problem);
    check_dependencies(steps, place, problem);
    return steps;
}

OnDrift read_on_drift(StrictObject& object) {
    const std::string word = object.text("on_drift");
    if (word != "rollback" && word != "stop") object.refuse("on_drift", "\"rollback\" or \"stop\" was expected");
    return word == "stop" ? OnDrift::stop : OnDrift::rollback;
}

/// The rule of manifests. A name that was never one's own must not come out of a plan, nor reach a terminal.
std::string read_name(StrictObject& object) {
    const std::string name = object.text("name");
    const bool plain = name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
    if (name.empty() || !plain || name[0] == '-') {
        object.refuse("name", "'" + printable(name) + "' is no name: small letters, digits and hyphens were expected");
    }
    return name;
}

void read_head(StrictObject& object, Plan& plan) {
    const std::string format = object.text("format");
    if (format != kPlanFormat) {
        object.refuse("format",
                      "'" + printable(format) + "' is no format this program reads: " + kPlanFormat + " was expected");
    }
    plan.name = read_name(object);
    plan.command = object.text("command");
    plan.created = read_time(object, "created");
    plan.host = object.text("host");
    plan.root = object.text("root");
    plan.state = object.any("state");
    plan.on_drift = read_on_drift(object);
    plan.manifest_directory = object.text("manifest_directory");
    plan.undoes = object.text_or_null("undoes");
    plan.warnings = object.texts("warnings");
    plan.context = object.any("context");
    plan.id = object.text_or_null("id");
    plan.digest = object.text_or_null("digest");
}

}  // namespace

Plan read_plan(const Json& document, DocumentProblem& problem) {
    const JsonPlace top;
    StrictObject object(document, top, problem);
    Plan plan;
    read_head(object, plan);
    plan.verify = read_objects(object, "verify", problem);
    plan.steps = read_steps(object.list("actions"), object.place_of("actions"), problem);
    object.finish();
    return plan;
}

}  // namespace backout
