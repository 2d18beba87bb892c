// What stands in the journal: records, summaries, the account. Any bytes are taken; what is accepted can
// be written again.

#include <nlohmann/json.hpp>

#include "base/digest.h"
#include "fuzz_target.h"
#include "journal/record_codec.h"
#include "journal/run_state.h"
#include "journal/summary_codec.h"

using namespace backout;

namespace {

void check_record(std::string_view bytes) {
    const auto decoded = decode_record(bytes);
    if (!decoded.ok()) return;
    const auto again = encode_record(decoded->record, decoded->previous);
    BACKOUT_ASSERT(again.ok() && digest_of(bytes) == decoded->digest);
    const auto same = decode_record(*again);
    BACKOUT_ASSERT(same.ok() && same->record.body == decoded->record.body && same->record.type == decoded->record.type);
    RunState state;
    state.steps.resize(3);
    (void)fold_into(state, decoded->record).ok();
}

/// A checksum keeps nearly every mutation out; with a right one behind it the body is reached.
void check_with_checksum(std::string_view bytes) {
    if (bytes.size() < kRecordHeaderSize) return;
    check_record(Bytes(bytes) + sha256_raw(bytes));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const fuzz::Choice choice = fuzz::choose(data, size, 5);
    switch (choice.which) {
        case 0: check_record(choice.rest); break;
        case 1: check_with_checksum(choice.rest); break;
        case 2: (void)decode_summary(choice.rest).ok(); break;
        case 3: (void)decode_account(choice.rest).ok(); break;
        default: (void)unseal(Table::runs, "key", choice.rest).ok();
    }
    return 0;
}
