#pragma once
// The real image store: one private directory (0700, ours) on each mount that a plan touches, found by trying, not by
// st_dev. In the state directory where that is on the target's mount, else in the highest directory above the target on
// the same mount where this user may make one: .backout-UID/JOURNALID there. Two state directories never share one, for
// the journal's id is in the path. Announced in the journal before it is made, so that a crash leaves no unknown name.
// Names in a store are slots: "r<run>-…". It works through a Host alone, in memory as on disk.
//
// Who could put something into a store could have it restored in place of a file: a store that isn't ours alone is
// refused, when it is made and whenever it is opened.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "host/host.h"
#include "host/image_store.h"
#include "journal/journal_store.h"

namespace backout {

class FileImageStore final : public ImageStore {
  public:
    /// `state_path`: the state directory as a path inside the host's root, "" if it lies outside.
    FileImageStore(Host& host, JournalStore& journal, std::string state_path);

    /// Errors: `not_permitted` if this user can make one nowhere on the target's mount, or somebody else's is in the
    /// way.
    Result<std::string> store_for(Directory& parent, bool exclude_state) override;
    Result<std::shared_ptr<Directory>> open(const std::string& store) override;

  private:
    Result<std::string> state_store(Directory& parent, std::uint64_t mount);
    Result<std::string> outside_store(Directory& parent, std::uint64_t mount, bool nearest_first);
    Result<std::vector<std::shared_ptr<Directory>>> places(Directory& parent, std::uint64_t mount);
    Result<std::string> make_store(const std::shared_ptr<Directory>& place);
    Result<std::string> journal_id();

    Host& host_;
    JournalStore& journal_;
    std::string state_path_;
    std::string journal_id_;
    std::map<std::pair<std::uint64_t, bool>, std::string> known_;  ///< mount and exclude_state → store
    std::map<std::string, std::shared_ptr<Directory>> open_;
};

/// A slot of a run, and where it is.
struct ImageSlot {
    std::string store;
    std::string name;
};

/// Every store that may hold images: the one in the state directory if it is there, and the announced ones. A store on
/// a file system that isn't mounted now is listed, too.
Result<std::vector<std::string>> all_image_stores(Host& host, JournalStore& journal, const std::string& state_path);
/// Absent stores have none. Errors: `not_permitted` for a store that isn't ours.
Result<std::vector<std::string>> slots_in_store(Host& host, const std::string& store);
/// The slots of one run ("r<number>-…") in all stores.
Result<std::vector<ImageSlot>> slots_of_run(Host& host, const std::vector<std::string>& stores, std::uint64_t run);
/// Removes them with all below. **Durable** when it returns. Requires: the lease; no image of the run is needed any
/// more.
Status remove_slots_of_run(Host& host, const std::vector<std::string>& stores, std::uint64_t run);
/// Bytes of all that is in a store, as allocated by its files' sizes. 0 if absent.
Result<std::uint64_t> bytes_in_store(Host& host, const std::string& store);
/// Removes the directories of a store that holds nothing, and its announcement; a store with slots stays. **Durable.**
Status remove_store_if_empty(Host& host, JournalStore& journal, const std::string& store);

}  // namespace backout
