#pragma once
// How a machine was come by: life after life, each with its fault and where it was cut. As text it repeats just that:
// "apply@17:kill/resume!5:no_space@9:cut-0110/back". `!5` fails the fifth operation once, `!5+` from then on.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "life.h"

namespace backout::simulation {

struct Fault {
    std::uint64_t operation = 0;
    bool for_ever = false;
    std::string code = "io";  ///< io no_space read_only quota files; full: only what needs space fails
};

struct Stage {
    Deed deed = Deed::apply;
    std::optional<Fault> fault = {};
    std::uint64_t cut_at = 0;  ///< 0: lived to its end
    std::string outcome = {};  ///< "kill" or "cut-" and the choices
};

using Trail = std::vector<Stage>;
std::string to_text(const Trail& trail);
std::optional<Trail> trail_from(const std::string& text);

}  // namespace backout::simulation
