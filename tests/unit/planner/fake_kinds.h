#pragma once
// Small kinds that plan like real ones and can do nothing else: the planner is tested without side effects.

#include <functional>

#include "compensators/compensator.h"

namespace backout {

class FakeKind final : public Compensator {
  public:
    using PlanFunction = std::function<Result<Planned>(PlanRequest& request)>;
    FakeKind(const std::string& name, PlanFunction plan_function);

    std::function<Result<Observation>(const Json& image)> observation = {};
    Json kept_outputs = nullptr;
    KindInfo& changeable_info() { return info_; }

    const KindInfo& info() const override { return info_; }
    Result<Planned> plan(PlanRequest& request) const override { return plan_(request); }
    Result<Staged> stage(StepContext& context, const PlannedStep& step) const override;
    Result<Staged> invert(StepContext& context, const Json& image) const override;
    Result<Applied> apply(StepContext& context, const Json& image) const override;
    Result<Observation> observe(StepContext& context, const Json& image, bool deep) const override;
    Result<std::vector<Difference>> verify_kept(StepContext& context, const PlannedStep& step) const override;
    Result<std::vector<SyncRequest>> sync_of(StepContext& context, const Json& image) const override;
    Status release(StepContext& context, const Json& image) const override;
    Result<Json> outputs_of_kept(StepContext& context, const PlannedStep& step) const override;

  private:
    KindInfo info_;
    PlanFunction plan_;
};

/// "dir.create" {path}, "dir.delete" {path}, "file.write" {path, content | template}, "file.append" {path, text},
/// "file.link" {path, to}, "command.run" {argv, outputs}: irreversible and every time; "box.make" {path}: unknown
/// before it is made; "note.keep" {}: always kept, with the output "value": 7.
Registry make_fake_kinds();

}  // namespace backout
