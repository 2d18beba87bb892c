#pragma once
// Where the bytes of file.write come from: inline text, base64, another file, or a template that the planner resolved.
// Once while planning (decided, digested, perhaps not known yet), once while staging (checked against what was
// decided).

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "compensators/argument_reader.h"
#include "compensators/compensator.h"

namespace backout {

inline constexpr std::uint64_t kInlineLimit = 64U << 20;  ///< bytes of content that stand in a manifest

struct PlannedContent {
    bool known = false;
    bool secret = false;
    std::optional<Bytes> bytes = {};  ///< at hand (of sources: only small texts, for the diff)
    std::string digest = {};          ///< SHA-256; empty: not known, or a secret
    std::uint64_t size = 0;
    std::string source = {};  ///< real file that holds the bytes
    std::vector<std::string> known_after = {};
    Json arguments = nullptr;  ///< what staging needs: {"content": …} and the like
};

/// The names of `with` that give content; exactly one is wanted.
const std::vector<std::string>& content_names();
/// Complaints about arguments go to the reader. Errors: `not_found`, `wrong_type` for sources.
Result<PlannedContent> plan_content(PlanRequest& request, ArgumentReader& reader);

/// The content while staging: bytes, or an open source.
struct StagedContent {
    std::optional<Bytes> bytes = {};
    std::unique_ptr<InputFile> source = {};
    std::string digest;  ///< SHA-256 of what is to be written
    std::uint64_t size = 0;
};
/// Errors: `failed` if a source is no longer what the plan saw, `invalid` for base64 that came out of a template.
Result<StagedContent> stage_content(StepContext& context, const Json& arguments);

}  // namespace backout
