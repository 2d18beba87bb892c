#pragma once
// What the journal needs of a key-value store: six ordered tables, snapshots for reading, and transactions that are all
// or nothing. LmdbTables and MemTables stand behind it, so that what a run, a chain or a summary is, is written once
// (Ledger).

#include <functional>
#include <memory>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace backout {

enum class Table : unsigned {
    meta,     ///< names of the journal itself → sealed values
    runs,     ///< run number → sealed summary
    records,  ///< run number, sequence → record
    plans,    ///< run number, chunk → sealed piece of the plan
    used,     ///< digest of a plan's id → sealed name of the run that used it
    names,    ///< name of a run → sealed number
};
inline constexpr std::size_t kTableCount = 6;
/// As in the file: "meta", "runs", …
const char* to_string(Table table);

/// One consistent view. Views of keys and values handed to callbacks live until the callback returns.
class TableReader {
  public:
    virtual ~TableReader() = default;
    using Visitor = std::function<Result<bool>(std::string_view key, std::string_view value)>;

    /// Absent: no value. Errors: `journal`.
    virtual Result<std::optional<Bytes>> get(Table table, std::string_view key) = 0;
    /// In order of keys from the first that is not below `first`, until the visitor answers false or an error.
    virtual Status scan(Table table, std::string_view first, const Visitor& visitor) = 0;
    /// Backwards from the last key that is not above `last`; an empty `last` means the very last.
    virtual Status scan_back(Table table, std::string_view last, const Visitor& visitor) = 0;
    /// Entries of a table, as the store itself counts them.
    virtual Result<std::uint64_t> count(Table table) = 0;
};

/// A view that sees its own changes.
class TableTransaction : public TableReader {
  public:
    virtual Status put(Table table, std::string_view key, std::string_view value) = 0;
    /// Absent is success.
    virtual Status erase(Table table, std::string_view key) = 0;
};

class TableStore {
  public:
    virtual ~TableStore() = default;

    /// **Threads:** one view or transaction at a time.
    virtual Result<std::unique_ptr<TableReader>> read() = 0;

    /// Runs `body` and commits. **Durable** when it returns success. An error of `body` is returned and nothing is
    /// changed; an error of the commit leaves it in doubt (`failed_in_doubt` becomes true and stays).
    virtual Status write(const std::function<Status(TableTransaction&)>& body) = 0;
    virtual bool failed_in_doubt() const = 0;

    /// Makes room for `bytes` more, so that the next writes can't run out of space. Errors: `no_space`.
    virtual Status reserve(std::uint64_t bytes) = 0;

    /// A note beside the tables of what they held at `run`'s begin or end, to show an old copy put back. **Durable.**
    struct Landmark {
        std::uint64_t run = 0;
        std::uint64_t sequence = 0;
        Bytes digest;  ///< of the record with that sequence
        bool finished = false;
    };
    virtual Status note_landmark(const Landmark& landmark) = 0;
};

}  // namespace backout
