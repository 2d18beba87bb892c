#pragma once
// What scenarios are made of: for each kind one or more pieces, each with its scene below a directory of its own and
// its action as a manifest has it.

#include <functional>
#include <string>
#include <vector>

#include "base/json.h"
#include "host/mem_host.h"

namespace backout::simulation {

struct Piece {
    std::string name;
    /// Sets the scene below `place` ("/srv/p1").
    std::function<void(MemHost& world, const std::string& place)> prepare;
    /// The action's kind and `with`.
    std::string kind;
    std::function<Json(const std::string& place)> with;
    bool irreversible = false;  ///< what it did stays: a rollback is incomplete, and says so
};

/// Every kind; the order is the order of the table that is walked.
const std::vector<Piece>& all_pieces();
const Piece& piece_named(const std::string& name);

/// Steps that follow each other on one target, in this order.
struct Chain {
    std::string name;
    std::function<void(MemHost& world, const std::string& place)> prepare;
    struct Link {
        std::string kind;
        std::function<Json(const std::string& place)> with;
    };
    std::vector<Link> links;
};
const std::vector<Chain>& all_chains();

}  // namespace backout::simulation
