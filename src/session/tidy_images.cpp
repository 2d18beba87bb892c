#include "session/tidy_images.h"

#include "journal/file_image_store.h"

namespace backout {

namespace {

/// A run that went back wholly and took nothing else back needs no images any more.
bool needs_no_image(const RunOutcome& outcome) {
    return outcome.state.phase == RunPhase::rolled_back && outcome.summary.undoes.empty();
}

/// All names of slots stand in images as JSON strings of their own, whatever the kind.
std::string images_text(const RunState& state) {
    std::string text;
    for (const StepState& step : state.steps) text += dump_canonical(step.image) + dump_canonical(step.undo_image);
    return text;
}

/// What stands beside a slot belongs to it: SLOT.second (while an exchange is made of several renames) and SLOT.time
/// (when the slot was emptied). Slots have no dot in their names.
std::string slot_of(const std::string& name) {
    return name.substr(0, name.find('.'));
}

/// An image that holds nothing (of a step that created something) still names its store: taking it back puts there what
/// it removes. So a store stays as long as any run could be taken back or redone.
Result<bool> some_run_may_need_stores(JournalStore& journal) {
    BACKOUT_TRY_ASSIGN(const std::vector<RunSummary> runs, journal.runs(0, 0));
    for (const RunSummary& run : runs) {
        if (run.changed || run.finished == 0) return true;
    }
    return false;
}

}  // namespace

Status remove_empty_stores(Host& host, JournalStore& journal, const std::string& state_path) {
    BACKOUT_TRY_ASSIGN(const bool needed, some_run_may_need_stores(journal));
    if (needed) return {};
    BACKOUT_TRY_ASSIGN(const std::vector<std::string> stores, all_image_stores(host, journal, state_path));
    for (const std::string& store : stores) BACKOUT_TRY(remove_store_if_empty(host, journal, store));
    return {};
}

Status tidy_images(Host& host, JournalStore& journal, const std::string& state_path, const RunOutcome& outcome) {
    if (!outcome.state.finished) return {};
    BACKOUT_TRY_ASSIGN(const std::vector<std::string> stores, all_image_stores(host, journal, state_path));
    BACKOUT_TRY_ASSIGN(const std::vector<ImageSlot> slots, slots_of_run(host, stores, outcome.summary.number));
    const std::string named = needs_no_image(outcome) ? "" : images_text(outcome.state);
    for (const ImageSlot& slot : slots) {
        if (named.find('"' + slot_of(slot.name) + '"') != std::string::npos) continue;
        BACKOUT_TRY_ASSIGN(const std::shared_ptr<Directory> directory, host.open_directory(slot.store));
        BACKOUT_TRY(remove_tree(*directory, slot.name));
    }
    return remove_empty_stores(host, journal, state_path);
}

}  // namespace backout
