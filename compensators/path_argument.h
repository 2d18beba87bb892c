#pragma once
// What the file kinds share while planning: from an argument to a target and its state in the predicted world. Targets
// are looked at through request.world only; the host is asked about users by name.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "compensators/argument_reader.h"
#include "compensators/compensator.h"
#include "compensators/file_image.h"

namespace backout {

struct Target {
    std::string path;  ///< absolute, as a person wrote it
    std::string key;   ///< real: links above resolved
    Seen seen;
    std::vector<std::string> missing_parents = {};  ///< real keys, topmost first
};

/// Looks up the absolute path `path`. Errors: `invalid` (malformed), `wrong_type` (a parent is no directory).
enum class LookFor { entry, tree, attributes };
Result<Target> look_up_target(PlanRequest& request, const std::string& path, LookFor what = LookFor::entry);
/// What the link `target` leads to. Errors: as before, and `not_permitted` for a link of somebody who is neither root,
/// nor this user, nor the owner of what it leads to: anybody may make a link to /etc/passwd.
Result<Target> look_behind_link(PlanRequest& request, const Target& target);
/// `not_found` with the remedy if parents are missing and may not be made.
Status check_parents(const Target& target, bool make_parents);
/// `wrong_type`: a mount point can't be replaced, moved or removed.
Status check_no_mount_point(const Target& target);

/// mode, owner, group arguments. Owners by name or number. Complaints go to the reader.
AttributeSet read_attributes(PlanRequest& request, ArgumentReader& reader);
/// The same out of normalised arguments.
AttributeSet attributes_from(const Json& arguments);
void put_attributes(Json& arguments, const AttributeSet& attributes);

/// A state with some attributes set; an access list changes with the mode as chmod changes it.
EntryState with_attributes(EntryState state, const AttributeSet& attributes);
/// For a target whose state an earlier step decides: operation "set", before and after unknown.
void plan_later(const Target& target, Planned& planned);

/// What changes between two states, for details: [{"attribute", "from", "to"}], owners by name; contents as sizes and
/// digests.
Json changes_between(Host& host, const EntryState& before, const EntryState& after);
/// Resources: the entry itself and parents that will be made.
std::vector<Resource> path_resources(const Target& target, bool tree);
/// The state of a directory that is made as a parent.
EntryState made_parent_state(Host& host);
std::vector<Prediction> parent_predictions(Host& host, const Target& target);
/// `state` at `to`, with the content that `seen` has at `from` (both may be one path): later steps may read it, also if
/// it is itself only predicted.
Prediction predict_with_content(PlanRequest& request, const std::string& from, const Seen& seen, const std::string& to,
                                const EntryState& state);
/// "0644".
std::string mode_text(std::uint32_t mode);
/// The mode that octal text names: up to five digits, 07777 at most.
std::optional<std::uint32_t> mode_from_text(const std::string& text);

// KindParameters that several kinds take.
KindParameter path_parameter(const std::string& name, const std::string& description);
KindParameter mode_parameter();
KindParameter owner_parameter();
KindParameter group_parameter();
KindParameter make_parents_parameter();

}  // namespace backout
