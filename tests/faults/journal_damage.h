#pragma once
// Kinds of damage to the files of a journal, each as a numbered row: number I of a row is always the same damage.

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.h"

namespace backout {

/// What is done to one file of a state directory.
struct Damage {
    std::string file = "data.mdb";
    std::string name = {};                                 ///< in words
    std::vector<std::pair<std::size_t, Bytes>> puts = {};  ///< bytes that are written over
    std::size_t size = ~std::size_t{0};                    ///< what the file is cut to
};

struct Row {
    std::string name;
    std::size_t count = 0;
    std::function<Damage(std::size_t)> at = {};
};

/// Each bit of the first `used` bytes.
Row every_bit(const std::string& file, const Bytes& content, std::size_t used);
/// Each length below `used`, then each page and the last byte up to the file's `size`.
Row every_cut(const std::string& file, std::size_t used, std::size_t size);
/// Each two pages swapped, and each page over each other one.
Row every_page_move(const Bytes& data, std::size_t used);
/// Each page gone: zeros, ones, noise.
Row every_page_lost(const Bytes& data, std::size_t used);
/// Each page and each sector of an older copy that differs, put back alone: a write that a disk acknowledged and lost.
Row every_lost_write(const Bytes& data, std::size_t used, const std::vector<Bytes>& older);

}  // namespace backout
