#include "plan/order.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <random>
#include <set>

#include "base/text.h"

namespace backout {
namespace {

using testing::HasSubstr;
using testing::Not;

OrderNode node(std::string id, std::vector<std::string> before = {}) {
    return OrderNode{std::move(id), std::move(before)};
}
OrderNode late(std::string id, std::vector<std::string> before = {}) {
    return OrderNode{std::move(id), std::move(before), true};
}
OrderNode wall(std::string id, std::vector<std::string> before = {}) {
    return OrderNode{std::move(id), std::move(before), false, true};
}

std::string order_of(const std::vector<OrderNode>& nodes) {
    auto order = order_steps(nodes);
    if (!order.ok()) return order.error().message;
    std::vector<std::string> ids;
    for (const std::size_t at : *order) ids.push_back(nodes[at].id);
    return join(ids, " ");
}

TEST(Order, IsTheManifestsWhereNothingElseIsSaid) {
    EXPECT_EQ(order_of({node("c"), node("a"), node("b")}), "c a b");
}

TEST(Order, PutsDependenciesFirst) {
    EXPECT_EQ(order_of({node("a", {"c"}), node("b"), node("c")}), "b c a");
    EXPECT_EQ(order_of({node("a", {"b", "b"}), node("b")}), "b a");
}

TEST(Order, PutsLateNodesAtTheEnd) {
    EXPECT_EQ(order_of({late("x"), node("a"), node("b")}), "a b x");
    EXPECT_EQ(order_of({late("x"), late("y"), node("a")}), "a x y");
}

TEST(Order, PutsLateNodesAsLateAsWhatNeedsThemAllows) {
    EXPECT_EQ(order_of({late("x"), node("a", {"x"}), node("b")}), "b x a");
    EXPECT_EQ(order_of({late("y"), late("x"), node("a", {"x"})}), "x a y");
    EXPECT_EQ(order_of({late("x"), late("y", {"a"}), node("a", {"x"})}), "x a y");
}

TEST(Order, KeepsATotalOrderAroundWalls) {
    EXPECT_EQ(order_of({node("a"), wall("w"), node("b")}), "a w b");
    EXPECT_EQ(order_of({node("a", {"b"}), node("c"), wall("w"), node("b", {"w"})}), "c w b a");
    EXPECT_EQ(order_of({wall("w", {"z"}), node("a"), node("z")}), "z w a");
    EXPECT_EQ(order_of({wall("v", {"z"}), node("a"), wall("w"), node("z")}), "z v a w");
}

TEST(Order, MovesLateNodesBehindWalls) {
    EXPECT_EQ(order_of({late("x"), node("a"), wall("w"), node("b")}), "a w b x");
    EXPECT_EQ(order_of({late("x"), node("a"), wall("w", {"x"}), node("b")}), "a x w b");
}

TEST(Order, NamesTheIdsOfACycleInTheirOrder) {
    const std::string message =
        order_of({node("z"), node("a", {"b"}), node("b", {"c"}), node("c", {"a"}), node("d", {"a"})});
    EXPECT_THAT(message, HasSubstr("a → b → c → a"));
    EXPECT_THAT(message, Not(HasSubstr("d → ")));
    EXPECT_THAT(order_of({node("a", {"a"})}), HasSubstr("a → a"));
}

TEST(Order, RefusesUnknownAndDoubledIds) {
    EXPECT_THAT(order_of({node("deploy"), node("b", {"deplyo"})}), HasSubstr("did you mean 'deploy'"));
    EXPECT_THAT(order_of({node("a"), node("a")}), HasSubstr("'a' is given twice"));
}

unsigned seed_of_run() {
    const char* given = std::getenv("BACKOUT_TEST_SEED");
    return given != nullptr ? static_cast<unsigned>(std::strtoul(given, nullptr, 10)) : 20261120U;
}

std::vector<OrderNode> random_nodes(std::mt19937& random) {
    const std::size_t count = 1 + random() % 12;
    std::vector<std::size_t> hidden(count);
    for (std::size_t at = 0; at < count; ++at) hidden[at] = at;
    std::shuffle(hidden.begin(), hidden.end(), random);
    std::vector<OrderNode> nodes(count);
    for (std::size_t at = 0; at < count; ++at) {
        nodes[at].id = "n" + std::to_string(at);
        nodes[at].late = random() % 5 == 0;
        nodes[at].wall = !nodes[at].late && random() % 8 == 0;
        for (std::size_t other = 0; other < count; ++other) {
            if (hidden[other] < hidden[at] && random() % 5 == 0)
                nodes[at].before.push_back("n" + std::to_string(other));
        }
    }
    return nodes;
}

// All that must come before each node, by closure.
std::vector<std::set<std::size_t>> ancestors_of(const std::vector<OrderNode>& nodes,
                                                const std::vector<std::size_t>& order) {
    std::map<std::string, std::size_t> positions;
    for (std::size_t at = 0; at < nodes.size(); ++at) positions[nodes[at].id] = at;
    std::vector<std::set<std::size_t>> ancestors(nodes.size());
    for (const std::size_t at : order) {
        for (const std::string& id : nodes[at].before) {
            ancestors[at].insert(positions[id]);
            ancestors[at].insert(ancestors[positions[id]].begin(), ancestors[positions[id]].end());
        }
    }
    return ancestors;
}

TEST(Order, HoldsItsPromisesForRandomGraphs) {
    const unsigned seed = seed_of_run();
    SCOPED_TRACE("BACKOUT_TEST_SEED=" + std::to_string(seed));
    std::mt19937 random(seed);
    for (int round = 0; round < 3000; ++round) {
        const std::vector<OrderNode> nodes = random_nodes(random);
        auto order = order_steps(nodes);
        ASSERT_TRUE(order.ok()) << order.error().message;
        std::vector<std::size_t> place(nodes.size(), nodes.size());
        for (std::size_t at = 0; at < order->size(); ++at) place[(*order)[at]] = at;
        for (const std::size_t at : place) ASSERT_LT(at, nodes.size()) << "every node once";
        const auto ancestors = ancestors_of(nodes, *order);
        for (std::size_t at = 0; at < nodes.size(); ++at) {
            for (const std::size_t other : ancestors[at]) ASSERT_LT(place[other], place[at]) << "round " << round;
        }
        // A late node is followed only by late nodes, walls, and what needs it or another late node: nothing that could
        // have come before it within its stretch.
        for (std::size_t at = 0; at + 1 < order->size(); ++at) {
            const std::size_t here = (*order)[at];
            const std::size_t next = (*order)[at + 1];
            if (!nodes[here].late || nodes[next].late || nodes[next].wall) continue;
            const auto& needs = ancestors[next];
            const bool needs_late =
                std::any_of(needs.begin(), needs.end(), [&](std::size_t other) { return nodes[other].late; });
            ASSERT_TRUE(needs_late) << "round " << round << ": " << order_of(nodes);
        }
    }
}

TEST(Order, TakesLongChainsAndManyWallsInItsStride) {
    constexpr std::size_t kCount = 100'000;
    std::vector<OrderNode> nodes(kCount);
    for (std::size_t at = 0; at < kCount; ++at) {
        nodes[at].id = std::to_string(at);
        nodes[at].wall = at % 2 == 0;
        if (at + 1 < kCount) nodes[at].before.push_back(std::to_string(at + 1));
    }
    auto order = order_steps(nodes);
    ASSERT_TRUE(order.ok());
    EXPECT_EQ(order->front(), kCount - 1);
    EXPECT_EQ(order->back(), 0U);
}

}  // namespace
}  // namespace backout
