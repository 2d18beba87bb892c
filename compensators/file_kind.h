#pragma once
// What all kinds with file images have in common: everything but info, plan and stage. A kind whose undo is finer than
// a whole file (an edit, an entry) overrides `invert` and, if need be, `observe`.

#include <string>
#include <vector>

#include "compensators/compensator.h"
#include "compensators/file_image.h"

namespace backout {

/// Capabilities were given to the former content, as the kernel sees it, too: new content doesn't get them, and the
/// plan says so.
void drop_capabilities(ExtendedAttributes& xattrs);

class FileKind : public Compensator {
  public:
    Result<Staged> invert(StepContext& context, const Json& image) const override;
    Result<Applied> apply(StepContext& context, const Json& image) const override;
    Result<Observation> observe(StepContext& context, const Json& image, bool deep) const override;
    /// Compares step.after with the entry at arguments.path (both "path" and "to" for moves are the kind's business).
    Result<std::vector<Difference>> verify_kept(StepContext& context, const PlannedStep& step) const override;
    Result<std::vector<SyncRequest>> sync_of(StepContext& context, const Json& image) const override;
    Status release(StepContext& context, const Json& image) const override;
    /// {"path": …} and, of files, {"digest": …}.
    Result<Json> outputs_of_kept(StepContext& context, const PlannedStep& step) const override;
};

inline constexpr const char* kChainEnd = "chain_end";
/// Where a chain of steps that is kept as a whole ends: {KEY: state}, in the arguments of each of its steps. Null:
/// none.
const Json& chain_end_of(const PlannedStep& step);
/// Compares each of these with what is there.
Result<std::vector<Difference>> compare_with_chain_end(Host& host, const Json& end);

/// Whether a later step changes something below `path`.
bool changed_inside(const StepContext& context, const std::string& path);
/// Takes out of a tree at `path` what a later step changes, with all below. The top stays.
void drop_superseded(const StepContext& context, const std::string& path, std::vector<TreeEntry>& entries);

/// `conflict` if what stands at `path` differs from a plan's `before` (null: absence): names path, attribute, then,
/// now.
Status check_before(StepContext& context, const std::string& path, const Json& before);
/// The conflict error that lists differences from what was planned.
Error conflict_error(const std::vector<Difference>& differences);

}  // namespace backout
