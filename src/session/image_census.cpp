#include "session/image_census.h"

#include <functional>
#include <set>

#include "journal/file_image_store.h"
#include "session/local_session.h"
#include "session/taken_back.h"

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
    census.stores.push_back(store);
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

namespace {

/// A part of an image, as the kinds that change files write it (compensators/file_image_codec.cpp): `present` is what
/// the step displaced, and lies in the slot while the step's effect stands.
using Visitor = std::function<void(const std::string& store, const std::string& slot, const Json& present)>;

void visit_parts(const Json& value, const Visitor& visit) {
    if (!value.is_structured()) return;
    if (value.is_object() && string_member(value, "part") != "move") {
        const std::string store = string_member(value, "store");
        const std::string slot = string_member(value, "slot");
        const Json& present = member(value, "present");
        if (!store.empty() && !slot.empty() && present.is_object()) visit(store, slot, present);
    }
    for (const Json& inner : value) visit_parts(inner, visit);
}

/// "" or what is wrong. A directory's own size and time follow what lies in it: its being there is all that is asked.
std::string what_is_wrong(Host& host, const std::string& store, const std::string& slot, const Json& present) {
    const Result<std::shared_ptr<Directory>> directory = host.open_directory(store);
    if (!directory.ok()) {
        return directory.error().code == ErrorCode::not_found ? "its store is missing" : directory.error().text();
    }
    const Result<FileStatus> found = (*directory)->status(slot);
    if (!found.ok()) return found.error().code == ErrorCode::not_found ? "it is missing" : found.error().text();
    if (!found->present()) return "it is missing";
    const std::string type = string_member(present, "type");
    if (to_string(found->type) != type) return std::string("it is a ") + to_string(found->type) + ", and was a " + type;
    if (found->type == EntryType::directory) return "";
    const auto size = static_cast<std::uint64_t>(int_member(present, "size", 0));
    if (found->size != size) {
        return "its size is " + std::to_string(found->size) + " bytes, and was " + std::to_string(size);
    }
    return found->mtime == int_member(present, "mtime", 0) ? "" : "it was written to since it was put aside";
}

Status find_bad_slots_of(Host& host, JournalStore& journal, const std::vector<RunSummary>& runs, const RunSummary& run,
                         std::vector<BadSlot>& bad) {
    BACKOUT_TRY_ASSIGN(const RunDetails details, details_of(journal, run));
    if (details.plan.root != host.root()) return {};
    BACKOUT_TRY_ASSIGN(const std::set<std::uint32_t> back, steps_taken_back(journal, runs, run));
    for (const PlannedStep& step : details.plan.steps) {
        const StepState& state = details.state.step(step.step);
        if (state.phase != StepPhase::applied || back.count(step.step) != 0) continue;
        visit_parts(state.image, [&](const std::string& store, const std::string& slot, const Json& present) {
            const std::string wrong = what_is_wrong(host, store, slot, present);
            if (!wrong.empty()) bad.push_back({store + "/" + slot, run.run, step.id, wrong});
        });
    }
    return {};
}

}  // namespace

Result<std::vector<BadSlot>> find_bad_slots(Host& host, JournalStore& journal) {
    std::vector<BadSlot> bad;
    BACKOUT_TRY_ASSIGN(const std::vector<RunSummary> runs, journal.runs(0, 0));
    for (const RunSummary& run : runs) {
        const bool stands = run.finished != 0 && run.undone_by.empty();
        if (stands && !is_on_its_way_back(runs, run)) BACKOUT_TRY(find_bad_slots_of(host, journal, runs, run, bad));
    }
    return bad;
}

Result<ImageCensus> count_images(Host& host, JournalStore& journal, const std::string& state_path) {
    return census_of(host, journal, state_path, nullptr);
}

Result<ImageCensus> compare_images(Host& host, JournalStore& journal, const std::string& state_path) {
    BACKOUT_TRY_ASSIGN(const Slots slots, slots_of_all_runs(journal));
    return census_of(host, journal, state_path, &slots);
}

}  // namespace backout
