#include "journal/head_file.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/mutation.h"
#include "journal/big_endian.h"
#include "journal/ledger_access.h"
#include "journal/private_files.h"

namespace backout {

namespace {

constexpr std::size_t kSlotSize = 512;
constexpr std::size_t kUsedSize = 8 + 32 + 8 + 8 + 1 + 32;
constexpr std::string_view kMagic = "BKHEAD1\n";

/// Magic, content, seal; the rest of the slot is zero.
Bytes encode_slot(const HeadFile::Content& content) {
    Bytes body;
    put_u64(body, content.counter);
    body.append(content.journal_id);
    put_u64(body, content.landmark.run);
    put_u64(body, content.landmark.sequence);
    body.push_back(content.landmark.finished ? '\1' : '\0');
    body.append(content.landmark.digest.empty() ? Bytes(32, '\0') : content.landmark.digest);
    BACKOUT_ASSERT(body.size() == kUsedSize);
    Bytes slot = Bytes(kMagic) + seal(Table::meta, "head", body);
    slot.resize(kSlotSize, '\0');
    return slot;
}

std::optional<HeadFile::Content> decode_slot(std::string_view slot) {
    if (slot.size() != kSlotSize || slot.substr(0, kMagic.size()) != kMagic) return {};
    const auto body = unseal(Table::meta, "head", slot.substr(kMagic.size(), kUsedSize + 16));
    if (!body.ok()) return {};
    HeadFile::Content content;
    content.counter = get_u64(*body, 0);
    content.journal_id = body->substr(8, 32);
    content.landmark.run = get_u64(*body, 40);
    content.landmark.sequence = get_u64(*body, 48);
    content.landmark.finished = (*body)[56] != '\0';
    content.landmark.digest = body->substr(57, 32);
    return content;
}

}  // namespace

Status HeadFile::create(const std::string& path, const std::string& journal_id) {
    const Bytes slot = encode_slot({1, journal_id, {}});
    return write_new_private_file(path, slot + slot);
}

Result<HeadFile::Content> HeadFile::read(const std::string& path) {
    auto bytes = read_private_file(path, 4 * kSlotSize);
    if (!bytes.ok()) {
        if (bytes.error().code != ErrorCode::not_found) return bytes.error();
        return journal_damage("its file 'head' is missing");
    }
    if (bytes->size() != 2 * kSlotSize) return journal_damage("its file 'head' has a wrong length");
    const auto first = decode_slot(std::string_view(*bytes).substr(0, kSlotSize));
    const auto second = decode_slot(std::string_view(*bytes).substr(kSlotSize));
    if (!first && !second) return journal_damage("its file 'head' can't be read");
    if (!first) return *second;
    if (!second) return *first;
    return first->counter >= second->counter ? *first : *second;
}

/// Whatever is wrong with it is wrong with the journal: nothing of the run itself failed.
Status HeadFile::write(const TableStore::Landmark& landmark) {
    ++content_.counter;
    content_.landmark = landmark;
    const Status written = write_slot();
    if (written.ok()) return {};
    Error error = written.error();
    error.code = ErrorCode::journal;
    error.message = "the journal's file 'head' can't be written: " + error.message;
    return error;
}

Status HeadFile::write_slot() const {
    BACKOUT_TRY_ASSIGN(const OwnedFd fd, open_private_file(path_, O_RDWR));
    const auto at = static_cast<off_t>((content_.counter % 2) * kSlotSize);
    BACKOUT_TRY(write_at(fd.get(), at, encode_slot(content_), path_));
    if (left_out("journal.head")) return {};
    if (fdatasync(fd.get()) != 0) return system_error(errno, "fdatasync", path_);
    return {};
}

}  // namespace backout
