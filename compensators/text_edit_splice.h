#pragma once
// Splices: "these bytes at this offset become those". What an edit does to a file is a list of them, so bytes that no
// splice names stay as they are: line ends, a missing last newline, NUL bytes, what is not UTF-8. Pure.

#include <cstddef>
#include <string>
#include <vector>

#include "base/bytes.h"

namespace backout {

/// Offset in the bytes before the edit.
struct Splice {
    std::size_t offset = 0;
    Bytes removed = {};
    Bytes inserted = {};
    bool operator==(const Splice& other) const = default;
};

/// Requires: sorted by offset, not overlapping, `removed` is what stands there.
Bytes apply_splices(const Bytes& content, const std::vector<Splice>& splices);

/// Collects splices that are made one after the other, each on the result of those before, as one list on the original.
class SpliceList {
  public:
    explicit SpliceList(Bytes original) : original_(original), current_(std::move(original)) {}

    const Bytes& current() const { return current_; }
    const std::vector<Splice>& splices() const { return splices_; }
    /// Replaces `length` bytes of `current` at `offset`. Splices that touch become one.
    void replace(std::size_t offset, std::size_t length, const Bytes& inserted);

  private:
    Bytes original_;
    Bytes current_;
    std::vector<Splice> splices_;
};

}  // namespace backout
