#pragma once
// From a path to an open directory, component by component, each opened without following. Links are read and walked by
// hand, so that their owner can be judged: a link that somebody else put there must not lead root astray. Never leaves
// the root: absolute links start at it, ".." in a link stays at its top.

#include <string>
#include <vector>

#include "base/result.h"
#include "host/paths.h"
#include "host/posix_fd.h"

namespace backout {

struct WalkedDirectory {
    UniqueFd fd;       ///< O_PATH
    std::string path;  ///< inside the root, without links
};

/// Opens the directory that `components` lead to. Errors: as Host::locate.
Result<WalkedDirectory> walk(int root_fd, const std::vector<std::string>& components);

}  // namespace backout
