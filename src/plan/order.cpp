#include "plan/order.h"

#include <algorithm>
#include <functional>
#include <queue>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "base/bytes.h"
#include "base/text.h"

namespace backout {

namespace {

using Positions = std::vector<std::size_t>;

// Edges both ways, by position. Doubled edges are harmless: they are counted both ways alike.
struct Graph {
    std::vector<Positions> earlier;  // what must come before
    std::vector<Positions> later;    // what must come after
};

Error unknown_id(const OrderNode& node, const std::string& missing, const std::vector<OrderNode>& nodes) {
    std::vector<std::string> ids;
    for (const OrderNode& other : nodes) ids.push_back(other.id);
    return Error{ErrorCode::invalid,
                 "'" + printable(node.id) + "' depends on '" + printable(missing) + "', which is no action" +
                     did_you_mean(missing, ids),
                 node.id};
}

Result<Graph> build_graph(const std::vector<OrderNode>& nodes) {
    std::unordered_map<std::string_view, std::size_t> positions;
    for (std::size_t at = 0; at < nodes.size(); ++at) {
        if (positions.emplace(nodes[at].id, at).second) continue;
        return Error{ErrorCode::invalid, "the id '" + printable(nodes[at].id) + "' is given twice: ids are unique",
                     nodes[at].id};
    }
    Graph graph{std::vector<Positions>(nodes.size()), std::vector<Positions>(nodes.size())};
    for (std::size_t at = 0; at < nodes.size(); ++at) {
        for (const std::string& id : nodes[at].before) {
            const auto found = positions.find(id);
            if (found == positions.end()) return unknown_id(nodes[at], id, nodes);
            graph.earlier[at].push_back(found->second);
            graph.later[found->second].push_back(at);
        }
    }
    return graph;
}

// Kahn's algorithm over some of the nodes, edges to others ignored. The scratch space is made once: there may be as
// many stretches as nodes.
class Sorter {
  public:
    explicit Sorter(std::size_t count) : waiting_(count, 0), is_member_(count, false) {}

    /// Repeatedly the first by `comes_first` of those that nothing in `waits_for` holds back. Members of a cycle are
    /// left out.
    template <typename ComesFirst>
    Positions sort(const Positions& members, const std::vector<Positions>& waits_for,
                   const std::vector<Positions>& releases, const ComesFirst& comes_first) {
        for (const std::size_t at : members) is_member_[at] = true;
        const auto comes_later = [&comes_first](std::size_t a, std::size_t b) { return comes_first(b, a); };
        std::priority_queue<std::size_t, Positions, decltype(comes_later)> ready(comes_later);
        for (const std::size_t at : members) {
            waiting_[at] = 0;
            for (const std::size_t other : waits_for[at]) waiting_[at] += is_member_[other] ? 1U : 0U;
            if (waiting_[at] == 0) ready.push(at);
        }
        Positions order;
        order.reserve(members.size());
        while (!ready.empty()) {
            const std::size_t at = ready.top();
            ready.pop();
            order.push_back(at);
            for (const std::size_t other : releases[at]) {
                if (is_member_[other] && --waiting_[other] == 0) ready.push(other);
            }
        }
        for (const std::size_t at : members) is_member_[at] = false;
        return order;
    }

  private:
    std::vector<std::size_t> waiting_;
    std::vector<bool> is_member_;
};

Positions all_positions(std::size_t count) {
    Positions all(count);
    for (std::size_t at = 0; at < count; ++at) all[at] = at;
    return all;
}

// Among what is left of `nodes` without `sorted`, every node waits for another one that is left: following those leads
// into a cycle.
Error cycle_error(const std::vector<OrderNode>& nodes, const Graph& graph, const Positions& sorted) {
    std::vector<bool> left(nodes.size(), true);
    for (const std::size_t at : sorted) left[at] = false;
    const auto next_of = [&](std::size_t at) {
        return *std::find_if(graph.earlier[at].begin(), graph.earlier[at].end(),
                             [&](std::size_t other) { return left[other]; });
    };
    std::size_t at = static_cast<std::size_t>(std::find(left.begin(), left.end(), true) - left.begin());
    std::vector<bool> seen(nodes.size(), false);
    for (; !seen[at]; at = next_of(at)) seen[at] = true;
    std::vector<std::string> ids{printable(nodes[at].id)};
    for (std::size_t next = next_of(at); next != at; next = next_of(next)) ids.push_back(printable(nodes[next].id));
    ids.push_back(ids.front());
    return Error{ErrorCode::invalid,
                 "the order goes round in a cycle: " + join(ids, " → ") +
                     " (each comes after the next one): take one of these dependencies away",
                 nodes[at].id};
}

// Cuts the order at the walls: stretch 0, first wall, stretch 1, second wall, … A stretch number and whether it is the
// wall that ends it are found for each node, in linear time.
class Stretches {
  public:
    Stretches(const std::vector<OrderNode>& nodes, const Graph& graph, const Positions& topological, Sorter& sorter)
        : nodes_(nodes), graph_(graph), rank_(nodes.size(), 0), stretch_(nodes.size(), 0) {
        rank_walls(topological, sorter);
        const std::vector<std::size_t> earliest = earliest_stretches(topological);
        for (auto at = topological.rbegin(); at != topological.rend(); ++at) {
            std::size_t wish = nodes[*at].wall ? rank_[*at] : std::max(earliest[*at], wish_of(*at));
            for (const std::size_t other : graph_.later[*at]) wish = std::min(wish, stretch_[other]);
            stretch_[*at] = wish;
        }
    }

    std::size_t count() const { return walls_.size() + 1; }
    std::size_t of(std::size_t at) const { return stretch_[at]; }
    /// Requires: index < count() - 1.
    std::size_t wall(std::size_t index) const { return walls_[index]; }

  private:
    // Walls in manifest order, what a wall needs pulled before it.
    void rank_walls(const Positions& topological, Sorter& sorter) {
        std::vector<std::size_t> wanted(nodes_.size());
        for (auto at = topological.rbegin(); at != topological.rend(); ++at) {
            wanted[*at] = nodes_[*at].wall ? *at : nodes_.size();
            for (const std::size_t other : graph_.later[*at]) wanted[*at] = std::min(wanted[*at], wanted[other]);
        }
        const auto comes_first = [&](std::size_t a, std::size_t b) {
            return std::pair(wanted[a], a) < std::pair(wanted[b], b);
        };
        for (const std::size_t at : sorter.sort(topological, graph_.earlier, graph_.later, comes_first)) {
            if (!nodes_[at].wall) continue;
            rank_[at] = walls_.size();
            walls_.push_back(at);
            furthest_.push_back(furthest_.empty() ? at : std::max(furthest_.back(), at));
        }
    }

    // Behind every wall that it needs.
    std::vector<std::size_t> earliest_stretches(const Positions& topological) const {
        std::vector<std::size_t> earliest(nodes_.size(), 0);
        for (const std::size_t at : topological) {
            for (const std::size_t other : graph_.earlier[at]) {
                const std::size_t behind = nodes_[other].wall ? rank_[other] + 1 : earliest[other];
                earliest[at] = std::max(earliest[at], behind);
            }
        }
        return earliest;
    }

    // Before the first wall that stands below it in the manifest; irreversible ones behind all walls.
    std::size_t wish_of(std::size_t at) const {
        if (nodes_[at].late) return walls_.size();
        const auto wall = std::upper_bound(furthest_.begin(), furthest_.end(), at);
        return static_cast<std::size_t>(wall - furthest_.begin());
    }

    const std::vector<OrderNode>& nodes_;
    const Graph& graph_;
    Positions walls_;     // by rank
    Positions furthest_;  // by rank: the highest position among the walls so far
    std::vector<std::size_t> rank_;
    std::vector<std::size_t> stretch_;
};

// Within a stretch: first all that needs no late node, then the rest, arranged from its end so that late ones stand as
// late as what needs them allows.
Positions arrange_stretch(const std::vector<OrderNode>& nodes, const Graph& graph, Sorter& sorter,
                          const Positions& members, const std::vector<bool>& behind_late) {
    Positions early;
    Positions rest;
    for (const std::size_t at : members) (behind_late[at] ? rest : early).push_back(at);
    Positions order = sorter.sort(early, graph.earlier, graph.later, std::less<>());
    const auto comes_last = [&nodes](std::size_t a, std::size_t b) {
        if (nodes[a].late != nodes[b].late) return nodes[a].late;
        return a > b;
    };
    const Positions backwards = sorter.sort(rest, graph.later, graph.earlier, comes_last);
    order.insert(order.end(), backwards.rbegin(), backwards.rend());
    return order;
}

// Late nodes, and what needs one of them that stands in the same stretch.
std::vector<bool> behind_late_nodes(const std::vector<OrderNode>& nodes, const Graph& graph,
                                    const Positions& topological, const Stretches& stretches) {
    std::vector<bool> behind(nodes.size(), false);
    for (const std::size_t at : topological) {
        behind[at] = nodes[at].late;
        for (const std::size_t other : graph.earlier[at]) {
            if (behind[other] && !nodes[other].wall && stretches.of(other) == stretches.of(at)) behind[at] = true;
        }
    }
    return behind;
}

}  // namespace

Result<std::vector<std::size_t>> order_steps(const std::vector<OrderNode>& nodes) {
    BACKOUT_TRY_ASSIGN(const Graph graph, build_graph(nodes));
    Sorter sorter(nodes.size());
    const Positions topological = sorter.sort(all_positions(nodes.size()), graph.earlier, graph.later, std::less<>());
    if (topological.size() != nodes.size()) return cycle_error(nodes, graph, topological);

    const Stretches stretches(nodes, graph, topological, sorter);
    const std::vector<bool> behind_late = behind_late_nodes(nodes, graph, topological, stretches);
    std::vector<Positions> members(stretches.count());
    for (std::size_t at = 0; at < nodes.size(); ++at) {
        if (!nodes[at].wall) members[stretches.of(at)].push_back(at);
    }
    Positions order;
    order.reserve(nodes.size());
    for (std::size_t index = 0; index < stretches.count(); ++index) {
        for (const std::size_t at : arrange_stretch(nodes, graph, sorter, members[index], behind_late))
            order.push_back(at);
        if (index + 1 < stretches.count()) order.push_back(stretches.wall(index));
    }
    BACKOUT_ASSERT(order.size() == nodes.size());
    return order;
}

}  // namespace backout
