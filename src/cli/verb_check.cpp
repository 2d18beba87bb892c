#include "base/bytes.h"
#include "cli/verbs.h"

namespace backout {

namespace {

Json stale_to_json(const StaleItem& item) {
    return {{"step", item.step.empty() ? Json(nullptr) : Json(item.step)},
            {"attribute", item.attribute},
            {"then", item.then},
            {"now", item.now}};
}

Result<int> run_check(Context& context) {
    BACKOUT_TRY_ASSIGN(const InputText input,
                       read_input(context.arguments.text("PLAN"), context.environment.working_directory));
    BACKOUT_TRY_ASSIGN(const Plan plan, load_plan(context, input));
    BACKOUT_TRY_ASSIGN(Session * session, context.session());
    BACKOUT_TRY_ASSIGN(const std::vector<StaleItem> stale, session->check_all(plan));
    Json items = Json::array();
    std::string text;
    for (const StaleItem& item : stale) {
        items.push_back(stale_to_json(item));
        text += printable(stale_text(item)) + "\n";
    }
    if (stale.empty()) text = "The plan still holds: nothing that it saw has changed.\n";
    context.show({{"plan", plan.id}, {"holds", stale.empty()}, {"changed", items}}, text);
    return static_cast<int>(stale.empty() ? ExitCode::done : ExitCode::stale);
}

}  // namespace

VerbSpec check_verb() {
    return {"check",
            "Test whether a saved plan could still be applied",
            "Looks at everything that the plan saw when it was made; changes nothing. Exit 6 if something is different "
            "now.",
            {{"PLAN", "file of a saved plan; - is standard input"}},
            {},
            {"backout check site.plan", "backout check site.plan && backout apply site.plan"},
            run_check};
}

}  // namespace backout
