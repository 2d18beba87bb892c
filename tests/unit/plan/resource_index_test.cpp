#include "plan/resource_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace backout {
namespace {

Resource random_resource(std::mt19937& random) {
    static const char* const kKeys[] = {"/", "/a", "/a/b", "/a/b/c", "/ab", "/a/bc", "/d", "/d/e", "f", "f/g", "//h"};
    Resource resource;
    resource.type = random() % 6 == 0 ? "url" : "path";
    resource.key = kKeys[random() % std::size(kKeys)];
    resource.tree = random() % 3 == 0;
    return resource;
}

TEST(ResourceIndex, AnswersWhatAskingEachPairWould) {
    std::mt19937 random(7);
    for (int round = 0; round < 4000; ++round) {
        ResourceIndex index;
        std::vector<Resource> added;
        for (std::uint32_t owner = 0; owner < 6; ++owner) {
            const Resource resource = random_resource(random);
            const bool expected = std::any_of(added.begin(), added.end(),
                                              [&](const Resource& other) { return overlaps(other, resource); });
            ASSERT_EQ(index.overlaps_any(resource), expected) << "round " << round << " key " << resource.key;
            index.add(resource, owner);
            added.push_back(resource);
        }
    }
}

// What `latest` leaves out must be reachable through what it names: then an order along it is an order of all pairs.
TEST(ResourceIndex, LinksEveryOverlappingPairThroughTheLatest) {
    std::mt19937 random(8);
    for (int round = 0; round < 4000; ++round) {
        ResourceIndex index;
        std::vector<Resource> added;
        std::vector<std::vector<bool>> reaches;
        for (std::uint32_t owner = 0; owner < 8; ++owner) {
            const Resource resource = random_resource(random);
            std::vector<bool> reached(owner, false);
            for (const std::uint32_t other : index.latest(resource)) {
                ASSERT_TRUE(overlaps(added[other], resource)) << "round " << round;
                reached[other] = true;
                for (std::uint32_t at = 0; at < other; ++at) reached[at] = reached[at] || reaches[other][at];
            }
            for (std::uint32_t other = 0; other < owner; ++other) {
                if (overlaps(added[other], resource)) {
                    ASSERT_TRUE(reached[other]) << "round " << round << ": " << added[other].key << " " << resource.key;
                }
            }
            reached.push_back(true);
            reaches.push_back(reached);
            index.add(resource, owner);
            added.push_back(resource);
        }
    }
}

}  // namespace
}  // namespace backout
