#pragma once
// Makes one operation of a life fail, once or from then on.

#include <optional>

#include "trail.h"

namespace backout::simulation {

class Saboteur {
  public:
    explicit Saboteur(std::optional<Fault> fault) : fault_(std::move(fault)) {}
    /// The error that `operation` is to have, if any.
    Status answer(const Operation& operation) const;

  private:
    std::optional<Fault> fault_;
};

}  // namespace backout::simulation
