#pragma once
// Integers in network byte order: keys sort by bytes as their numbers do, and files read alike on every machine.

#include <cstdint>
#include <string_view>

#include "base/assert.h"
#include "base/bytes.h"

namespace backout {

inline void put_u32(Bytes& out, std::uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>((value >> shift) & 0xFFU));
}

inline void put_u64(Bytes& out, std::uint64_t value) {
    for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>((value >> shift) & 0xFFU));
}

inline std::uint32_t get_u32(std::string_view bytes, std::size_t at) {
    BACKOUT_ASSERT(at + 4 <= bytes.size());
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) value = (value << 8U) | static_cast<std::uint8_t>(bytes[at + i]);
    return value;
}

inline std::uint64_t get_u64(std::string_view bytes, std::size_t at) {
    BACKOUT_ASSERT(at + 8 <= bytes.size());
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < 8; ++i) value = (value << 8U) | static_cast<std::uint8_t>(bytes[at + i]);
    return value;
}

}  // namespace backout
