#pragma once
// The real journal: a Ledger over LMDB in a state directory. Here is what a state directory holds, how a journal comes
// to be in it crash-safely, and what is compared before one is believed. FORMAT.md tells the same for people.
//
//   STATE/lease      who writes (lease.cpp)              STATE/data.mdb   the tables
//   STATE/marker     a journal must be here; its id      STATE/lock.mdb   LMDB's own lock
//   STATE/images/    before-images                       STATE/head       what data.mdb must at least hold

#include <memory>
#include <string>

#include "base/clock.h"
#include "journal/ledger.h"

namespace backout {

inline constexpr const char* kDataFile = "data.mdb";
inline constexpr const char* kLockFile = "lock.mdb";
inline constexpr const char* kHeadFile = "head";
inline constexpr const char* kMarkerFile = "marker";
inline constexpr const char* kAcceptedHostFile = "accepted-host";

/// Makes a new journal aside, commits its first transaction, syncs, and renames it into place; data.mdb last, then the
/// marker. **Durable** when it returns. A crash at any point leaves no journal, or a whole one. Requires: the lease.
/// Errors: `no_space`, `not_permitted`, `io`; what was made aside is removed.
Status create_journal(const std::string& directory, std::uint64_t bytes, IdSource& ids);

/// Requires: the lease; the journal is present. Errors: `journal`, `not_permitted`.
Result<std::unique_ptr<Ledger>> open_writing_ledger(const std::string& directory);
/// Leaves no trace. Up to `copy_limit` bytes it works on a copy in memory. Errors: `journal`, `not_permitted`.
Result<std::unique_ptr<Ledger>> open_reading_ledger(const std::string& directory, std::uint64_t copy_limit);

/// This machine, as 32 hex digits made from /etc/machine-id; "" where there is none.
std::string this_host();

}  // namespace backout
