// Pictures: a node a step, an arrow from what must come first. Dot for Graphviz, mermaid for pages that render it.
// Solid arrows are dependencies, dashed ones order alone.

#include <map>
#include <set>

#include "base/bytes.h"
#include "base/json.h"
#include "report/renderer.h"

namespace backout {

namespace {

struct Node {
    std::uint32_t step = 0;
    std::string id;
    std::string operation;
    std::string target;
    std::string state;  ///< of a run; the operation otherwise
    std::string title() const { return operation + " " + target; }
};
struct Arrow {
    std::uint32_t from = 0;
    std::uint32_t to = 0;
    bool order_only = false;
};
struct Graph {
    std::string name;
    std::vector<Node> nodes;
    std::vector<Arrow> arrows;
};

void add_arrows(Graph& graph, const PlannedStep& step, const std::map<std::string, std::uint32_t>& numbers) {
    std::set<std::uint32_t> drawn;
    const auto add = [&](const std::string& id, bool order_only) {
        const auto found = numbers.find(id);
        if (found == numbers.end() || !drawn.insert(found->second).second) return;
        graph.arrows.push_back({found->second, step.step, order_only});
    };
    for (const std::string& id : step.depends_on) add(id, false);
    for (const std::string& id : step.after_ids) add(id, true);
}

Graph graph_of(const Plan& plan) {
    Graph graph{plan.name, {}, {}};
    std::map<std::string, std::uint32_t> numbers;
    for (const PlannedStep& step : plan.steps) numbers.emplace(step.id, step.step);
    for (const PlannedStep& step : plan.steps) {
        graph.nodes.push_back({step.step, step.id, step.operation, step.target, step.operation});
        add_arrows(graph, step, numbers);
    }
    return graph;
}

// A report keeps no dependencies: the order in which the steps stood is what it can draw.
Graph graph_of(const RunReport& report) {
    Graph graph{report.summary.run + " " + report.summary.name, {}, {}};
    for (const StepReport& step : report.steps) {
        graph.nodes.push_back({step.step, step.id, step.operation, step.target, step.state});
        if (graph.nodes.size() > 1) graph.arrows.push_back({graph.nodes[graph.nodes.size() - 2].step, step.step, true});
    }
    return graph;
}

// Printable first, so that nothing but quotes and backslashes is left to mask.
std::string dot_text(const std::string& text) {
    std::string masked;
    for (const char byte : printable(text)) {
        if (byte == '"' || byte == '\\') masked += '\\';
        masked += byte;
    }
    return masked;
}

std::string mermaid_text(const std::string& text) {
    std::string masked;
    for (const char byte : printable(text)) {
        switch (byte) {
            case '"': masked += "#quot;"; break;
            case '#': masked += "#35;"; break;
            case '<': masked += "#lt;"; break;
            case '>': masked += "#gt;"; break;
            default: masked += byte;
        }
    }
    return masked;
}

const char* dot_color(const std::string& state) {
    if (state == "keep" || state == "skip" || state == "kept" || state == "skipped" || state == "not_reached")
        return "gray90";
    if (state == "create" || state == "install" || state == "done") return "palegreen";
    if (state == "delete" || state == "remove" || state == "failed" || state == "conflict") return "lightpink";
    if (state == "undo_failed" || state == "residue") return "lightpink";
    return "lightyellow";
}

std::string as_dot(const Graph& graph) {
    std::string text =
        "digraph \"" + dot_text(graph.name) + "\" {\n  rankdir=LR;\n  node [shape=box, style=\"rounded,filled\"];\n";
    for (const Node& node : graph.nodes) {
        text += "  s" + std::to_string(node.step) + " [label=\"" + dot_text(node.id) + "\\n" + dot_text(node.title()) +
                "\\n" + dot_text(node.state) + "\", fillcolor=" + dot_color(node.state) + "];\n";
    }
    for (const Arrow& arrow : graph.arrows) {
        text += "  s" + std::to_string(arrow.from) + " -> s" + std::to_string(arrow.to) +
                (arrow.order_only ? " [style=dashed];\n" : ";\n");
    }
    return text + "}\n";
}

std::string as_mermaid(const Graph& graph) {
    std::string text = "flowchart LR\n";
    for (const Node& node : graph.nodes) {
        text += "  s" + std::to_string(node.step) + "[\"" + mermaid_text(node.id) + "<br/>" +
                mermaid_text(node.title()) + "<br/>" + mermaid_text(node.state) + "\"]\n";
    }
    for (const Arrow& arrow : graph.arrows) {
        text += "  s" + std::to_string(arrow.from) + (arrow.order_only ? " -.-> s" : " --> s") +
                std::to_string(arrow.to) + "\n";
    }
    return text;
}

std::string as_json(const Graph& graph) {
    Json document = {{"format", "backout-graph/1"}, {"name", graph.name}, {"nodes", Json::array()}};
    for (const Node& node : graph.nodes) {
        document["nodes"].push_back({{"step", node.step},
                                     {"id", node.id},
                                     {"operation", node.operation},
                                     {"target", node.target},
                                     {"state", node.state}});
    }
    document["edges"] = Json::array();
    for (const Arrow& arrow : graph.arrows) {
        document["edges"].push_back(
            {{"from", arrow.from}, {"to", arrow.to}, {"kind", arrow.order_only ? "order" : "dependency"}});
    }
    return dump_pretty(document);
}

class GraphRenderer final : public Renderer {
  public:
    using Writer = std::string (*)(const Graph&);
    explicit GraphRenderer(Writer writer) : writer_(writer) {}
    std::string plan(const Plan& plan) const override { return writer_(graph_of(plan)); }
    std::string run(const RunReport& report) const override { return writer_(graph_of(report)); }

  private:
    Writer writer_;
};

}  // namespace

std::unique_ptr<Renderer> make_dot_renderer() {
    return std::make_unique<GraphRenderer>(as_dot);
}
std::unique_ptr<Renderer> make_graph_json_renderer() {
    return std::make_unique<GraphRenderer>(as_json);
}
std::unique_ptr<Renderer> make_mermaid_renderer() {
    return std::make_unique<GraphRenderer>(as_mermaid);
}

}  // namespace backout
