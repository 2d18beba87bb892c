// Edits of shared files: an edit converges, its splices lead from the one text to the other, and taken back at once
// they give the former text again, byte for byte.

#include <nlohmann/json.hpp>

#include "compensators/json_merge_text.h"
#include "compensators/json_patch_text.h"
#include "compensators/json_splice.h"
#include "compensators/text_edit.h"
#include "compensators/text_edit_reverse.h"
#include "fuzz_target.h"

using namespace backout;

namespace {

void check_text(const Json& edits, const Bytes& content) {
    // Open: a text that ends in a lone CR gets LF behind it by what is appended, and the reversal takes both for one
    // end of line. Where nobody else wrote to the file the former inode itself comes back, so that it shows only then.
    if (!content.empty() && content.back() == '\r') return;
    if (!validate_text_edits(edits).empty()) return;
    const auto edited = apply_text_edits(edits, content);
    if (!edited.ok()) return;
    const auto reversal = reverse_splices(content, edited->splices, edited->content);
    if (reversal.all(SpliceFate::intact)) BACKOUT_ASSERT(reversal.content == content);
}

void check_merge(const Json& merge, const Bytes& content) {
    if (!merge.is_object()) return;
    const auto merged = merge_json_text(content, merge);
    if (!merged.ok()) return;
    const auto again = merge_json_text(*merged, merge);
    BACKOUT_ASSERT(again.ok() && *again == *merged);
}

void check_patch(const Json& patch, const Bytes& content) {
    if (!validate_json_patch(patch).empty()) return;
    const auto patched = patch_json_text(content, patch);
    if (!patched.ok()) return;
    BACKOUT_ASSERT(JsonText::parse(patched->content).ok());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const fuzz::Choice choice = fuzz::choose(data, size, 3);
    const auto [wish, content] = fuzz::two_parts(choice.rest);
    const auto json = parse_json(wish);
    if (!json.ok()) return 0;
    switch (choice.which) {
        case 0: check_text(*json, content); break;
        case 1: check_merge(*json, content); break;
        default: check_patch(*json, content);
    }
    return 0;
}
