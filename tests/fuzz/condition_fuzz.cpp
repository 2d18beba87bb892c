// `when` conditions, PEP 440 versions and specifiers: a parsed text has an answer or a problem inside the text; the
// order of versions is one.

#include <nlohmann/json.hpp>

#include "fuzz_target.h"
#include "manifest/condition.h"
#include "manifest/version.h"

using namespace backout;

namespace {

/// Knows a few names, and refuses the rest in every way there is.
class SomeNames final : public ReferenceSource {
  public:
    ReferenceAnswer look_up(const Reference& reference) const override {
        if (reference.text == "inputs.x") return ReferenceAnswer::known("2.9.1+cu130");
        if (reference.text == "inputs.n") return ReferenceAnswer::known(13);
        if (reference.text == "inputs.l") return ReferenceAnswer::known(Json::array({"a", 1, nullptr, true}));
        if (reference.text == "facts.f.v") return ReferenceAnswer::known(true);
        const bool secret = reference.root == Reference::Root::inputs;
        return ReferenceAnswer::without_value(secret ? ReferenceAnswer::Kind::secret : ReferenceAnswer::Kind::absent,
                                              "no value");
    }
};

void condition(std::string_view text) {
    TextProblem problem;
    const auto parsed = Condition::parse(text, problem);
    if (!parsed) {
        BACKOUT_ASSERT(!problem.message.empty() && problem.offset <= text.size());
        return;
    }
    for (const Reference& reference : parsed->references()) BACKOUT_ASSERT(reference.offset < text.size());
    const auto outcome = parsed->evaluate(SomeNames(), problem);
    BACKOUT_ASSERT(outcome ? !outcome->reason.empty() || text.empty() : !problem.message.empty());
}

void versions(std::string_view text) {
    const auto [first, second] = fuzz::two_parts(text);
    const auto a = parse_version(first);
    const auto b = parse_version(second);
    if (a.ok()) {
        const auto again = parse_version(a->text());
        BACKOUT_ASSERT(again.ok() && compare_versions(*a, *again) == 0);
    }
    if (a.ok() && b.ok()) BACKOUT_ASSERT((compare_versions(*a, *b) < 0) == (compare_versions(*b, *a) > 0));
    (void)version_matches(first, second).ok();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const fuzz::Choice choice = fuzz::choose(data, size, 2);
    choice.which == 0 ? condition(choice.rest) : versions(choice.rest);
    return 0;
}
