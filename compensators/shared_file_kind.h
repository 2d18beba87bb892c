#pragma once
// What file.edit, json.merge and json.patch have in common: they change a file that others change too, and answer only
// for their own edit. Going forward the file is replaced by one swap, as file.write does it. Looking and going back,
// the whole file is compared first; where others changed it meanwhile, only our edit is looked for, and only that is
// taken back: the former content waits in the slot, the edit is in the image (templates unexpanded), and from both
// follows what was ours.
//
// An image: {"files": a file image, "edit": the kind's arguments, "forward": whether applying it makes the edit}.

#include <string>
#include <vector>

#include "compensators/argument_reader.h"
#include "compensators/compensator.h"
#include "compensators/file_image.h"

namespace backout {

inline constexpr std::uint64_t kSharedFileLimit = 64U << 20;  ///< bytes of a file that can be edited

struct EditResult {
    Bytes content;
    std::vector<std::string> warnings = {};
    bool repeats = false;  ///< applied again, it would change the file again
};

struct ReverseResult {
    Bytes content;
    std::size_t intact = 0;  ///< edits that stand as we left them, turned back in `content`
    std::size_t undone = 0;  ///< edits that are gone already
    std::vector<Difference> conflicts = {};
    bool empty = false;  ///< nothing but what is in a new file is left
};

class SharedFileKind : public Compensator {
  public:
    Result<Planned> plan(PlanRequest& request) const override;
    Result<Staged> stage(StepContext& context, const PlannedStep& step) const override;
    Result<Staged> invert(StepContext& context, const Json& image) const override;
    Result<Applied> apply(StepContext& context, const Json& image) const override;
    Result<Observation> observe(StepContext& context, const Json& image, bool deep) const override;
    Result<std::vector<Difference>> verify_kept(StepContext& context, const PlannedStep& step) const override;
    Result<std::vector<SyncRequest>> sync_of(StepContext& context, const Json& image) const override;
    Status release(StepContext& context, const Json& image) const override;
    Result<Json> outputs_of_kept(StepContext& context, const PlannedStep& step) const override;

  protected:
    /// Name of the argument that holds the edit: "edits", "merge", "patch".
    virtual std::string edit_name() const = 0;
    /// All complaints about the edit; templates pass.
    virtual std::vector<std::string> validate_edit(const Json& edit) const = 0;
    /// One line for each part of the edit, for people.
    virtual std::vector<std::string> describe_edit(const Json& edit) const = 0;
    /// Pure. Requires: the edit is sound, templates expanded.
    virtual Result<EditResult> apply_edit(const Json& edit, const Bytes& content) const = 0;
    /// Pure. `before` is what `apply_edit` was applied to.
    virtual Result<ReverseResult> reverse_edit(const Json& edit, const Bytes& before, const Bytes& current) const = 0;
    /// What a file that isn't there yet counts as.
    virtual Bytes new_content() const = 0;

    /// reverse_edit, after a look whether the edit on `before` is still what the image recorded (a newer program might
    /// edit otherwise: then nothing is known about the file).
    Result<ReverseResult> reverse_recorded(const Json& edit, const FilePart& part, const Bytes& before,
                                           const Bytes& current) const;
    /// A diff from what the edit left of `before` to what others made of it; "" if it can't be told.
    std::string foreign_change(const Json& edit, const std::string& path, const Bytes& before,
                               const Bytes& current) const;
    /// Parameters that all three kinds take, `edit` among them.
    static std::vector<KindParameter> shared_parameters(KindParameter edit);
};

}  // namespace backout
