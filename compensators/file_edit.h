#pragma once
// The kind `file.edit`: the edits of text_edit.h on a file that stays others' as well (shared_file_kind.h).

#include <memory>

#include "compensators/compensator.h"

namespace backout {

std::unique_ptr<Compensator> make_file_edit_kind();

}  // namespace backout
