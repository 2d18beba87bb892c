#pragma once
// Sweeping after a run's end: content that was staged before a crash and never got an intent belongs to no image, and
// stores that hold nothing needn't stand beside other people's files. Nothing here is needed for correctness, so an
// error is told and nothing more.

#include <string>

#include "engine/engine.h"
#include "host/host.h"
#include "journal/journal_store.h"

namespace backout {

/// Removes empty image stores once no run is left that could need one.
Status remove_empty_stores(Host& host, JournalStore& journal, const std::string& state_path);

/// Removes slots of a finished run that none of its images name, and empty stores. An unfinished run is left alone.
/// Requires: the lease. `state_path`: the state directory inside the host's root, "" if it lies outside.
Status tidy_images(Host& host, JournalStore& journal, const std::string& state_path, const RunOutcome& outcome);

}  // namespace backout
