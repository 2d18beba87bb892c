#pragma once
// Whether this user may do what a step plans, found out before the first step. It refuses what is certain to fail, and
// leaves the rest to the attempt: access lists and capabilities may still allow what modes don't say. Looks at real
// directories only; where they are predicted, at the nearest one above that exists.

#include <map>
#include <string>

#include "compensators/path_argument.h"

namespace backout {

/// Remembers the directories that it looked at: a tree has many entries in one of them.
class PermissionCheck {
  public:
    /// Requires: `request` outlives this.
    explicit PermissionCheck(PlanRequest& request) : request_(request) {}

    /// `not_permitted` if the entry can't be created, replaced or removed: parent not writable, or sticky with somebody
    /// else's entry; read-only mount; immutable or append-only; a directory that has to leave its parent and that this
    /// user can't write to (its ".." changes). `leaves_parent`: it is moved elsewhere, as an image is, too.
    Status change(const Target& target, bool leaves_parent = true);
    /// `not_permitted` if these attributes can't be set in place on what stands there.
    Status set_attributes(const Target& target, const AttributeSet& wanted);
    /// `not_permitted` unless a new entry in the target's place can have these attributes, those that aren't named
    /// being kept: only root gives files away, and a group has to be one of the user's.
    Status own(const Target& target, const AttributeSet& wanted) const;

  private:
    struct Place {
        FileStatus status = {};
        bool read_only = false;
        bool may_be_listed = false;  ///< an access list may allow more than the mode says
        std::uint32_t flags = 0;
    };
    Result<Place> look(const std::string& directory) const;
    Result<std::pair<std::string, Place>> nearest_place(const std::string& key);
    Status check_place(const Target& target, const std::string& directory, const Place& place) const;
    Status check_leaving(const Target& target) const;
    bool can_write(const FileStatus& status, std::uint32_t bits) const;

    PlanRequest& request_;
    std::map<std::string, Place> places_;
};

/// One question: PermissionCheck::change, PermissionCheck::own.
Status check_changeable(PlanRequest& request, const Target& target);
Status check_owner(PlanRequest& request, const Target& target, const AttributeSet& wanted);

}  // namespace backout
