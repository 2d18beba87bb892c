#include "report/renderer.h"

#include "report/plan_text.h"
#include "report/run_text.h"

namespace backout {

namespace {

class TextRenderer final : public Renderer {
  public:
    explicit TextRenderer(RenderOptions options) : options_(std::move(options)) {}
    std::string plan(const Plan& plan) const override { return plan_as_text(plan, options_); }
    std::string run(const RunReport& report) const override { return run_as_text(report, options_); }

  private:
    RenderOptions options_;
};

}  // namespace

std::unique_ptr<Renderer> make_text_renderer(const RenderOptions& options) {
    return std::make_unique<TextRenderer>(options);
}

}  // namespace backout
