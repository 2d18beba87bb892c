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
};

/// Bytes and slots. `state_path`: the state directory inside the host's root, "" if it lies outside.
Result<ImageCensus> count_images(Host& host, JournalStore& journal, const std::string& state_path);
/// The same, and every slot compared with the images of all runs: reads the whole journal.
Result<ImageCensus> compare_images(Host& host, JournalStore& journal, const std::string& state_path);

}  // namespace backout
