#include "session/image_census.h"

#include <set>

#include "journal/file_image_store.h"
#include "session/local_session.h"

namespace backout {

namespace {

constexpr int kDepthLimit = 256;  // levels of a tree in a slot; deeper ones are counted without what lies below

std::uint64_t bytes_below(Directory& directory, const std::string& name, int depth) {
    const Result<FileStatus> status = directory.status(name);
    if (!status.ok()) return 0;
    if (status->type != EntryType::directory) return status->size;
    if (depth >= kDepthLimit) return 0;
    const Result<std::shared_ptr<Directory>> inside = directory.open_directory(name);
    if (!inside.ok()) return 0;
    const Result<std::vector<std::string>> entries = (*inside)->list();
    if (!entries.ok()) return 0;
    std::uint64_t bytes = 0;
    for (const std::string& entry : *entries) bytes += bytes_below(**inside, entry, depth + 1);
    return bytes;
}

using Slots = std::set<std::string>;  // "STORE/SLOT"

void count_store(Host& host, const std::string& store, const Slots* known, ImageCensus& census) {
    const Result<std::shared_ptr<Directory>> directory = host.open_directory(store);
    if (!directory.ok()) {
        const bool is_absent = directory.error().code == ErrorCode::not_found;
        if (is_absent) census.absent.push_back(store);
        if (!is_absent) census.unreadable.push_back(store + ": " + directory.error().text());
        return;
    }
    const Result<std::vector<std::string>> entries = (*directory)->list();
    if (!entries.ok()) {
        census.unreadable.push_back(store + ": " + entries.error().text());
        return;
    }
    for (const std::string& entry : *entries) {
        ++census.slots;
        census.bytes += bytes_below(**directory, entry, 0);
        // What stands beside a slot (SLOT.second, SLOT.time) belongs to it: slots have no dot in their names.
        const std::string slot = store + "/" + entry.substr(0, entry.find('.'));
        if (known != nullptr && known->count(slot) == 0) census.unknown.push_back(slot);
    }
}

// An image is opaque but for this: what it keeps stands in objects with "store" and "slot".
void collect_slots(const Json& value, Slots& slots) {
    if (value.is_object()) {
        const std::string store = string_member(value, "store");
        const std::string slot = string_member(value, "slot");
        if (!store.empty() && !slot.empty()) slots.insert(store + "/" + slot);
    }
    if (!value.is_structured()) return;
    for (const Json& inner : value) collect_slots(inner, slots);
}

Result<Slots> slots_of_all_runs(JournalStore& journal) {
    Slots slots;
    BACKOUT_TRY_ASSIGN(const std::vector<RunSummary> runs, journal.runs(0, 0));
    for (const RunSummary& run : runs) {
        BACKOUT_TRY_ASSIGN(const std::vector<Record> records, journal.records(run.number));
        for (const Record& record : records) collect_slots(record.body, slots);
    }
    return slots;
}

Result<ImageCensus> census_of(Host& host, JournalStore& journal, const std::string& state_path, const Slots* known) {
    ImageCensus census;
    BACKOUT_TRY_ASSIGN(const std::vector<std::string> stores, all_image_stores(host, journal, state_path));
    for (const std::string& store : stores) count_store(host, store, known, census);
    return census;
}

}  // namespace

Result<ImageCensus> count_images(Host& host, JournalStore& journal, const std::string& state_path) {
    return census_of(host, journal, state_path, nullptr);
}

Result<ImageCensus> compare_images(Host& host, JournalStore& journal, const std::string& state_path) {
    BACKOUT_TRY_ASSIGN(const Slots slots, slots_of_all_runs(journal));
    return census_of(host, journal, state_path, &slots);
}

}  // namespace backout
