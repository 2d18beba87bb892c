#pragma once
// Files that hold a secret: their digest, and so that of the secret, stays out of the plan's state. That they changed
// since the plan was made is seen by a fingerprint of the entry instead. It errs towards stale: a file that was merely
// touched counts as changed.

#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "host/host.h"
#include "plan/plan.h"

namespace backout {

inline constexpr const char* kFingerprint = "fingerprint";

/// Of the file itself, without what it holds, its size included; nothing if no file is there.
std::optional<std::string> fingerprint_of(Host& host, const std::string& key);

/// In `paths` (of a plan's state) the files that a step with a secret concerns lose content and size, and get a
/// fingerprint.
void hide_secret_contents(Host& host, const std::vector<PlannedStep>& steps, Json& paths);

}  // namespace backout
