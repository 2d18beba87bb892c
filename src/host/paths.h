#pragma once
// The rules for paths and names, the same for every Host.

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace backout {

inline constexpr int kMaximumLinks = 40;           ///< links followed on one way, as in the kernel
inline constexpr std::size_t kMaximumName = 255;   ///< bytes of a component
inline constexpr std::size_t kMaximumPath = 4095;  ///< bytes of a path

/// The components of an absolute path, "." and empty ones left out. Errors: `invalid`, see Host::locate.
Result<std::vector<std::string>> split_path(const std::string& path);

/// The components of a link's target, ".." kept.
std::vector<std::string> split_link_target(const std::string& target);

/// "DIRECTORY/NAME" without a double slash.
std::string join_path(const std::string& directory, const std::string& name);

/// Refuses what is no single component: "", ".", "..", a slash, NUL, more than 255 bytes.
Status check_name(const std::string& name, const std::string& directory);

// The errors that every Host words alike.
Error untrusted_link(const std::string& path, std::uint32_t owner, const std::string& leads_to);
Error too_many_links(const std::string& path);
Error root_is_no_target();

}  // namespace backout
