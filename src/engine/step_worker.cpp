#include "engine/step_worker.h"

#include "base/assert.h"
#include "compensators/check_runner.h"
#include "compensators/file_kind.h"
#include "engine/past_outputs.h"
#include "plan/own_outputs.h"
#include "plan/template.h"

namespace backout {
namespace {

/// Bytes of a command's output that the journal keeps, of each stream.
constexpr std::size_t kOutputLimit = 64U << 10;

std::string boot_id(Host& host) {
    auto text = read_file(host, "/proc/sys/kernel/random/boot_id", 128);
    if (!text.ok()) return "";
    return text->substr(0, text->find('\n'));
}

bool is_in_doubt(StepPhase phase) {
    return phase == StepPhase::in_doubt || phase == StepPhase::failed_in_doubt || phase == StepPhase::undo_in_doubt;
}

}  // namespace

Status StepWorker::load_origins() {
    BACKOUT_TRY_ASSIGN(const RunSummary target, parts_.journal.find_run(plan_.undoes));
    BACKOUT_TRY_ASSIGN(const std::vector<Record> records, parts_.journal.records(target.number));
    BACKOUT_TRY_ASSIGN(const RunState state, fold(records, target.steps));
    for (std::uint32_t step = 1; step <= state.steps.size(); ++step) origins_[step] = state.step(step).image;
    BACKOUT_TRY_ASSIGN(past_outputs_, past_outputs(parts_.journal, target));
    BACKOUT_TRY_ASSIGN(origin_outputs_, outputs_of_run(parts_.journal, target));
    BACKOUT_TRY_ASSIGN(const bool target_does, does_its_steps(parts_.journal, target));
    does_its_steps_ = !target_does;
    return {};
}

const Compensator& StepWorker::kind_of(const PlannedStep& step) const {
    const Compensator* kind = parts_.kinds.find(step.kind);
    BACKOUT_ASSERT(kind != nullptr);  // Engine::apply and resume refuse plans with unknown kinds
    return *kind;
}

StepContext StepWorker::context(const PlannedStep& step, const RunState& state) {
    StepContext context{parts_.host, parts_.images};
    context.stop = options_.stop;
    context.clock = &parts_.clock;
    context.step_id = step.id;
    context.timeout = step.timeout;
    context.in_doubt = is_in_doubt(state.step(step.step).phase);
    context.overwrite_conflicts = options_.overwrite_conflicts.count(step.id) != 0;
    context.output = [this, number = step.step](const std::string& stream, std::string_view bytes) {
        keep_output(number, stream, bytes);
    };
    context.child_started = [this](int pid, std::uint64_t start_time) { note_child(pid, start_time); };
    context.expand = [this, &state, &step](const Json& value) { return expand(value, state, &step); };
    context.planned_arguments = &step.arguments;
    context.slot_prefix = "r" + std::to_string(run_.number) + "-s" + std::to_string(step.step);
    return context;
}

void StepWorker::note_child(int pid, std::uint64_t start_time) {
    if (parts_.lease == nullptr) return;
    // Best effort by design: without the note an orphan can't be seen, but the run itself is as safe as before.
    const Status noted = parts_.lease->note_child({pid, start_time, boot_id(parts_.host)});
    if (!noted.ok())
        parts_.events.on_event(
            {"warning", 0, parts_.clock.now(), run_.run, 0, "", {{"message", noted.error().text()}}});
}

void StepWorker::keep_output(std::uint32_t step, const std::string& stream, std::string_view bytes) {
    output_step_ = step;
    Bytes& kept = output_[stream];
    const bool goes_on = !kept.empty() && kept.back() != '\n';
    const std::size_t room = kOutputLimit - std::min(kept.size(), kOutputLimit);
    kept.append(bytes.substr(0, room));
    output_truncated_ = output_truncated_ || bytes.size() > room;
    Json data = {{"stream", stream}};
    const std::string shown = mask_.masked_piece(std::string(bytes), goes_on);
    data[is_utf8(shown) ? "text" : "base64"] = is_utf8(shown) ? shown : to_base64(shown);
    parts_.events.on_event(
        {"step_output", 0, parts_.clock.now(), run_.run, step, plan_.steps.at(step - 1).id, std::move(data)});
}

std::vector<Record> StepWorker::take_output() {
    std::vector<Record> records;
    for (auto& [stream, bytes] : output_) {
        bytes = mask_.masked_piece(std::move(bytes), false);  // before it may become base64
        Json body = {{"stream", stream}, {"truncated", output_truncated_}};
        body[is_utf8(bytes) ? "text" : "base64"] = is_utf8(bytes) ? bytes : to_base64(bytes);
        records.push_back({RecordType::step_output, output_step_, std::move(body), 0, 0});
    }
    output_.clear();
    output_truncated_ = false;
    return records;
}

// ---- templates ------------------------------------------------------------------------------------------------------

Result<Json> StepWorker::expand(const Json& value, const RunState& state, const PlannedStep* own) const {
    if (!has_template(value)) return value;
    return expand_templates(
        value, [this, &state, own](const std::string& reference) { return look_up(reference, state, own); });
}

Result<Json> StepWorker::look_up(const std::string& reference, const RunState& state, const PlannedStep* own) const {
    const auto parsed = parse_template_reference(reference);
    if (!parsed)
        return Error{ErrorCode::invalid, "'" + reference + "' is no reference that can be answered while a plan runs"};
    if (parsed->kind == TemplateReference::Kind::run) return Json(run_.run);
    const bool output = parsed->kind == TemplateReference::Kind::action_output;
    if (output && own != nullptr && parsed->name == own->id) return own_output(*own, parsed->field, state);
    if (output) return output_of(parsed->name, parsed->field, state);
    if (!options_.secrets)
        return Error{ErrorCode::invalid,
                     "the secret input '" + parsed->name +
                         "' is not at hand: give it again with --input or its environment variable"};
    BACKOUT_TRY_ASSIGN(const Json secret, options_.secrets("inputs." + parsed->name));
    mask_.add("inputs." + parsed->name, secret);
    return secret;
}

Result<Json> StepWorker::output_of(const std::string& id, const std::string& field, const RunState& state) const {
    const PlannedStep* step = plan_.find(id);
    const auto past = past_outputs_.find(id);
    if (step == nullptr && past == past_outputs_.end())
        return Error{ErrorCode::invalid, "no step '" + id + "' in this plan"};
    const Json* value = step == nullptr ? nullptr : find_output(state.step(step->step).outputs, field);
    if (value == nullptr && past != past_outputs_.end()) value = find_output(past->second, field);
    if (value == nullptr) return Error{ErrorCode::failed, "step '" + id + "' has no output '" + field + "'"};
    return expand(*value, state);  // a secret stands in it by its name
}

/// What the undo takes back, and no other run's: an older one's may be somebody else's by now.
Result<Json> StepWorker::own_output(const PlannedStep& step, const std::string& field, const RunState& state) const {
    const auto origin = origin_outputs_.find(step.id);
    const Json* outputs = &state.step(step.step).outputs;
    if (!does_its_steps_) outputs = origin == origin_outputs_.end() ? nullptr : &origin->second;
    const Json* value = outputs == nullptr ? nullptr : find_output(*outputs, field);
    if (value == nullptr) {
        return Error{ErrorCode::in_doubt, "the undo of '" + step.id + "' needs its output '" + field +
                                              "', and what it gave out isn't known: look for what it made, and "
                                              "remove it by hand"};
    }
    return expand(*value, state);
}

// ---- arrows to the world --------------------------------------------------------------------------------------------

Result<Staged> StepWorker::stage(const PlannedStep& step, const RunState& state, std::uint64_t generation) {
    if (!plan_.undoes.empty()) return invert(step, state, origins_[step.origin.step], generation);
    StepContext with = context(step, state);
    with.slot_prefix += "-q" + std::to_string(generation);
    PlannedStep ready = step;
    Json undo;
    BACKOUT_TRY_ASSIGN(ready.arguments, expand(without_own_undo(step.id, step.arguments, undo), state));
    if (!undo.is_null()) ready.arguments["undo"] = std::move(undo);
    return kind_of(step).stage(with, ready);
}

Result<Staged> StepWorker::invert(const PlannedStep& step, const RunState& state, const Json& image,
                                  std::uint64_t generation) {
    StepContext with = context(step, state);
    with.slot_prefix += "-q" + std::to_string(generation);
    return kind_of(step).invert(with, image);
}

Result<Applied> StepWorker::apply(const PlannedStep& step, const RunState& state, const Json& image) {
    StepContext with = context(step, state);
    auto applied = kind_of(step).apply(with, image);
    note_child(0, 0);
    // Outputs are filled in where they are looked up: what a program prints must not name a secret for itself.
    if (applied.ok() && has_template(applied->outputs))
        return Error{ErrorCode::failed, std::string("an output holds the reserved key '") + kTemplateKey + "'"};
    if (applied.ok() && mask_.is_in_a_name(applied->outputs))
        return Error{ErrorCode::failed, "an output holds a secret in the name of a member, where it can't be masked"};
    return applied;
}

Result<Observation> StepWorker::observe(const PlannedStep& step, const RunState& state, const Json& image) {
    StepContext with = context(step, state);
    return kind_of(step).observe(with, image, false);
}

Result<Observation> StepWorker::observe_applied(const PlannedStep& step, const RunState& state, const Json& image) {
    StepContext with = context(step, state);
    with.in_doubt = false;
    return kind_of(step).observe(with, image, false);
}

Result<Observation> StepWorker::observe_at_end(const PlannedStep& step, const RunState& state, const Json& image,
                                               bool deep) {
    StepContext with = context(step, state);
    with.superseded = step.superseded;
    return kind_of(step).observe(with, image, deep);
}

Result<std::vector<SyncRequest>> StepWorker::sync_of(const PlannedStep& step, const RunState& state,
                                                     const Json& image) {
    StepContext with = context(step, state);
    return kind_of(step).sync_of(with, image);
}

Status StepWorker::release(const PlannedStep& step, const RunState& state, const Json& image) {
    if (image.is_null()) return {};
    StepContext with = context(step, state);
    return kind_of(step).release(with, image);
}

Result<Json> StepWorker::outputs_of_kept(const PlannedStep& step, const RunState& state) {
    StepContext with = context(step, state);
    return kind_of(step).outputs_of_kept(with, step);
}

Result<std::vector<Difference>> StepWorker::verify_kept(const PlannedStep& step, const RunState& state) {
    const Json& chain_end = chain_end_of(step);
    if (!chain_end.is_null()) return compare_with_chain_end(parts_.host, chain_end);
    StepContext with = context(step, state);
    with.superseded = step.superseded;
    return kind_of(step).verify_kept(with, step);
}

Result<std::string> StepWorker::run_checks(const std::vector<Json>& checks, const RunState& state) {
    for (const Json& check : checks) {
        BACKOUT_TRY_ASSIGN(const Json ready, expand(check, state));
        BACKOUT_TRY_ASSIGN(const CheckOutcome outcome,
                           run_check(parts_.host, parts_.clock, ready, options_.stop, plan_.manifest_directory));
        if (!outcome.passed) return describe_check(ready) + ": " + outcome.reason;
    }
    return std::string();
}

}  // namespace backout
