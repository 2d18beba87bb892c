#pragma once
// STATE/head: what the journal held at the last begin or end of a run, kept outside LMDB, so that an older data.mdb put
// back is noticed. Two slots of 512 bytes, written in turn in place and synced: a torn write loses the newer one at
// most, and no new space is ever needed. It is written after the commit that it speaks of: it may lag behind, never run
// ahead.

#include <optional>
#include <string>

#include "base/result.h"
#include "journal/tables.h"

namespace backout {

class HeadFile {
  public:
    struct Content {
        std::uint64_t counter = 0;  ///< of writes; the higher valid slot counts
        std::string journal_id;     ///< 32 hex digits
        TableStore::Landmark landmark;
    };

    /// Creates the file with its first content. **Durable** once its directory is synced.
    static Status create(const std::string& path, const std::string& journal_id);
    /// Reads it. Errors: `journal` if it is missing or neither slot is whole.
    static Result<Content> read(const std::string& path);

    HeadFile(std::string path, Content content) : path_(std::move(path)), content_(std::move(content)) {}
    const Content& content() const { return content_; }
    /// **Durable** when it returns. Errors: `journal`.
    Status write(const TableStore::Landmark& landmark);

  private:
    Status write_slot() const;

    std::string path_;
    Content content_;
};

}  // namespace backout
