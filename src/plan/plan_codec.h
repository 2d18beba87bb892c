#pragma once
// Plan ⇄ canonical JSON, "backout-plan/1". The same plan gives the same bytes; golden files hold the format still.

#include "plan/plan.h"

namespace backout {

Json plan_to_json(const Plan& plan);
/// The document for a file: pretty, with a final newline.
std::string plan_to_text(const Plan& plan);
/// SHA-256 over the canonical dump without "id", "created" and "digest".
std::string plan_digest(const Plan& plan);
/// Strict: unknown members, versions and enumerators are refused; the digest is checked (`stale` if it is wrong).
/// Errors: `invalid` with "SOURCE:LINE:COLUMN: …".
Result<Plan> plan_from_text(const std::string& text, const std::string& source);
Result<Plan> plan_from_json(const Json& document);

}  // namespace backout
