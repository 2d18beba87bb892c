// Plans from files: strict, and what is accepted comes back byte for byte. The digest is made right first, for else
// hardly a mutation would get past it.

#include <nlohmann/json.hpp>

#include "base/digest.h"
#include "fuzz_target.h"
#include "plan/plan_codec.h"

using namespace backout;

namespace {

/// As somebody would who changed a plan and knows how the digest is made.
std::string with_digest_of_its_own(const std::string& text) {
    const auto document = parse_json(text);
    if (!document.ok() || !document->is_object()) return text;
    Json covered = *document;
    for (const char* key : {"id", "created", "digest"}) covered.erase(key);
    Json mended = *document;
    mended["digest"] = sha256_hex(dump_canonical(covered));
    return dump_canonical(mended);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(fuzz::as_text(data, size));
    const auto plan = plan_from_text(with_digest_of_its_own(text), "p");
    BACKOUT_ASSERT(plan.ok() || !plan.error().text().empty());
    if (!plan.ok()) return 0;
    const std::string written = plan_to_text(*plan);
    const auto again = plan_from_text(written, "p");
    BACKOUT_ASSERT(again.ok() && plan_to_text(*again) == written && plan_digest(*again) == plan->digest);
    return 0;
}
