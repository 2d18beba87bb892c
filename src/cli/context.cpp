#include "cli/context.h"

#include "cli/plan_source.h"
#include "cli/secrets.h"
#include "report/journal_report.h"

namespace backout {

Result<Session*> Context::session() {
    if (opened) return opened.get();
    SessionOptions options;
    options.state_directory = directories.state;
    options.root = directories.root;
    options.command = command;
    options.user = environment.user;
    options.events = &events;
    options.stop = &signals.token();
    BACKOUT_TRY_ASSIGN(options.lock_timeout, arguments.duration("--lock-timeout", 0));
    options.environment = environment_lookup();
    BACKOUT_TRY_ASSIGN(options.inputs, inputs_of_words(arguments));
    options.secrets = [this](const Plan& plan, const std::string& reference) -> Result<Json> {
        BACKOUT_TRY(offer_secrets(*this, plan));
        return secrets.answer(reference);
    };
    BACKOUT_TRY_ASSIGN(opened, Session::open(options, make_builtin_registry(), make_builtin_detectors()));
    return opened.get();
}

void Context::show(const Json& document, const std::string& text) {
    channels.data(json ? dump_pretty(document) : text, json);
}

EnvironmentLookup Context::environment_lookup() const {
    return [&outside = environment](const std::string& name) { return outside.variable(name); };
}

std::unique_ptr<Renderer> Context::renderer() const {
    return json ? make_json_renderer() : make_text_renderer(render);
}

Result<RunOptions> Context::run_options() const {
    RunOptions options;
    options.stop = &signals.token();
    options.command = command;
    options.user = environment.user;
    if (arguments.text("--on-signal") == "stop") options.on_signal = OnSignal::stop;
    const std::string on_drift = arguments.text("--on-drift");
    if (on_drift == "rollback") options.on_drift = OnDrift::rollback;
    if (on_drift == "stop") options.on_drift = OnDrift::stop;
    for (const std::string& id : arguments.list("--skip")) options.skip.insert(id);
    for (const std::string& id : arguments.list("--overwrite-conflict")) options.overwrite_conflicts.insert(id);
    return options;
}

}  // namespace backout
