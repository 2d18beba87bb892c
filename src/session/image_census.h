#pragma once
// What lies in the image stores that the journal knows, compared with what the images of its runs name. Read-only.

#include <cstdint>
#include <string>
#include <vector>

#include "host/host.h"
#include "journal/journal_store.h"

namespace backout {

struct ImageCensus {
    std::uint64_t bytes = 0;  ///< of all files in all stores
    std::uint64_t slots = 0;
    std::vector<std::string> unknown = {};     ///< "STORE/SLOT" that no run's image names
    std::vector<std::string> absent = {};      ///< stores that the journal knows and that aren't there
    std::vector<std::string> unreadable = {};  ///< stores that can't be read, with the reason
    std::vector<std::string> stores = {};      ///< those that are there
};

/// A slot that doesn't hold what the journal says it holds: the run couldn't be taken back (or redone) with it.
struct BadSlot {
    std::string slot;  ///< "STORE/SLOT"
    std::string run;
    std::string step;  ///< its id
    std::string what;  ///< "it is missing", "its size is 3 bytes, and was 5", …
};

/// Bytes and slots. `state_path`: the state directory inside the host's root, "" if it lies outside.
Result<ImageCensus> count_images(Host& host, JournalStore& journal, const std::string& state_path);
/// The same, and every slot compared with the images of all runs: reads the whole journal.
Result<ImageCensus> compare_images(Host& host, JournalStore& journal, const std::string& state_path);

/// Every slot that a run whose effects stand needs to be taken back: is it there, of the type, size and time that the
/// run's image recorded? Contents are compared when they are put back, not here. Only runs made in this host's root, and
/// none that an unfinished run takes back: its slots are on their way.
Result<std::vector<BadSlot>> find_bad_slots(Host& host, JournalStore& journal);

}  // namespace backout
