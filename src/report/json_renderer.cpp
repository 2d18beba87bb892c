#include "plan/plan_codec.h"
#include "report/journal_report.h"
#include "report/renderer.h"

namespace backout {

namespace {

class JsonRenderer final : public Renderer {
  public:
    /// The very bytes that `plan -o` writes: what a program reads here, it can give to `apply`.
    std::string plan(const Plan& plan) const override { return plan_to_text(plan); }
    std::string run(const RunReport& report) const override { return dump_pretty(run_report_to_json(report)); }
};

}  // namespace

std::unique_ptr<Renderer> make_json_renderer() {
    return std::make_unique<JsonRenderer>();
}

}  // namespace backout
