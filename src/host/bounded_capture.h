#pragma once
// Keeps the beginning and the end of a stream of any length: what a program said first and what it said last.

#include <cstdint>
#include <string_view>

#include "base/bytes.h"

namespace backout {

class BoundedCapture {
  public:
    explicit BoundedCapture(std::size_t limit) : head_limit_(limit - limit / 2), tail_limit_(limit / 2) {}

    void add(std::string_view part);
    bool truncated() const { return dropped() != 0; }
    /// What was kept; where something was dropped, a line of its own says how much.
    Bytes take() const;

  private:
    std::uint64_t dropped() const;

    std::size_t head_limit_;
    std::size_t tail_limit_;
    std::uint64_t seen_ = 0;
    Bytes head_;
    Bytes tail_;  ///< up to twice its limit before it is cut
};

}  // namespace backout
