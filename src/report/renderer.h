#pragma once
// One interface, four ways of writing: text for people, JSON for programs, dot and mermaid for pictures. Renderers are
// pure: values in, one string out. They print nothing, and know neither terminal nor disk.

#include <memory>
#include <string>

#include "plan/plan.h"
#include "report/run_report.h"

namespace backout {

struct RenderOptions {
    bool color = false;
    bool diff = false;                ///< show unified diffs of contents
    bool undo = false;                ///< show how each step is undone in full
    bool timing = true;               ///< how long steps took
    bool everything = false;          ///< details, digests and resources too
    std::string program = "backout";  ///< how the program is called, for exact commands: "backout --state-dir X"
};

class Renderer {
  public:
    virtual ~Renderer() = default;
    /// A whole document with a final newline.
    virtual std::string plan(const Plan& plan) const = 0;
    virtual std::string run(const RunReport& report) const = 0;
};

std::unique_ptr<Renderer> make_text_renderer(const RenderOptions& options);
std::unique_ptr<Renderer> make_json_renderer();
std::unique_ptr<Renderer> make_dot_renderer();
std::unique_ptr<Renderer> make_mermaid_renderer();
/// The same picture as one document: nodes, and edges between their steps.
std::unique_ptr<Renderer> make_graph_json_renderer();

}  // namespace backout
