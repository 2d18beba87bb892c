#pragma once
// What json.merge and json.patch have in common: taking back by pointers, and what an empty file counts as.

#include "compensators/shared_file_kind.h"

namespace backout {

class JsonFileKind : public SharedFileKind {
  protected:
    Bytes new_content() const override { return "{}\n"; }
    Result<EditResult> apply_edit(const Json& edit, const Bytes& content) const override;
    Result<ReverseResult> reverse_edit(const Json& edit, const Bytes& before, const Bytes& current) const override;

    /// Pure. Requires: `content` is not blank.
    virtual Result<EditResult> change(const Json& edit, const Bytes& content) const = 0;
};

}  // namespace backout
