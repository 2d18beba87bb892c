// Manifests: either a manifest or problems with a place in the text, never both, and what is good can be resolved.

#include <algorithm>

#include "fuzz_target.h"
#include "manifest/manifest_references.h"
#include "manifest/parse.h"
#include "manifest/resolver.h"

using namespace backout;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text = fuzz::as_text(data, size);
    ParsedManifest parsed = parse_manifest(text, "m");
    BACKOUT_ASSERT(parsed.manifest.has_value() == parsed.errors.empty());
    const auto lines = static_cast<std::uint32_t>(std::count(text.begin(), text.end(), '\n') + 1);
    for (const Problem& problem : parsed.errors.problems) {
        BACKOUT_ASSERT(problem.position.line >= 1 && problem.position.line <= lines);
        BACKOUT_ASSERT(problem.position.column >= 1 && problem.position.column <= text.size() + 1);
        BACKOUT_ASSERT(!problem.message.empty());
    }
    if (!parsed.manifest) return 0;
    const ManifestReferences references(*parsed.manifest, {}, {});
    (void)assign_ids(*parsed.manifest, references).ok();
    Resolver resolver("m", references);
    for (const Action& action : parsed.manifest->actions) {
        (void)resolver.resolve(action.with).ok();
        if (action.when) (void)resolver.decide(*action.when).ok();
    }
    return 0;
}
