#pragma once
// The world as a step will find it: the real one at run time; at planning time the real one with the predicted effects
// of earlier steps laid over it. Read-only by construction: planning can't write (P2).

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "compensators/entry_state.h"
#include "host/host.h"

namespace backout {

/// What a path shows, or that it can't be known yet.
struct Seen {
    bool known = true;
    std::string known_after = {};  ///< id of the step that decides, when unknown
    EntryState state = {};         ///< type absent when nothing is there
    std::uint64_t link_count = 0;  ///< of the real entry; 0: absent or predicted
    bool mount_point = false;      ///< another file system (or a bind mount) begins here
};

class WorldView {
  public:
    virtual ~WorldView() = default;
    /// The real key of a path (links above resolved), predicted parents included.
    virtual Result<std::string> key_of(const std::string& path) = 0;
    /// The entry itself (links not followed), with content digest. Noted in the plan's state. A missing parent is
    /// absence.
    virtual Result<Seen> look(const std::string& path) = 0;
    /// Like `look`, but the content of files is not read: it stays unknown where nobody asked for it before.
    virtual Result<Seen> look_at_attributes(const std::string& path) = 0;
    /// Like `look`, with everything below as one tree state.
    virtual Result<Seen> look_tree(const std::string& path) = 0;
    /// Content of a file of at most `limit` bytes. Requires: look(path) known and a file. Errors: `invalid` if larger.
    virtual Result<Bytes> read(const std::string& path, std::uint64_t limit) = 0;
    virtual Result<std::vector<std::string>> list(const std::string& path) = 0;
};

/// The real world without predictions.
std::unique_ptr<WorldView> make_host_world_view(Host& host);

}  // namespace backout
