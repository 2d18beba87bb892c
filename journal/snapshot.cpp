#include "journal/snapshot.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "journal/ledger_access.h"

namespace backout {

namespace {

constexpr int kLooks = 50;
constexpr int kCopies = 3;
/// Where the first meta page says how large a page is.
constexpr std::size_t kPageSizeAt = 40;

Status read_fully(int fd, char* to, std::size_t length, const std::string& path) {
    std::size_t have = 0;
    while (have < length) {
        const ssize_t done = ::pread(fd, to + have, length - have, static_cast<off_t>(have));
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) {
            Error error = system_error(errno, "read", path);
            error.code = ErrorCode::journal;
            error.message = "the journal can't be read: " + error.message +
                            "; check the disk, then put the state directory back from a backup";
            return error;
        }
        if (done == 0) return journal_damage("data.mdb: it is shorter than it should be");
        have += static_cast<std::size_t>(done);
    }
    return {};
}

/// Both meta pages, by the page size that the first one claims.
Result<Bytes> read_beginning(int fd, const std::string& path) {
    BACKOUT_TRY_ASSIGN(Bytes bytes, read_at(fd, 0, 2 * 4096, path));
    std::uint32_t page_size = 0;
    if (bytes.size() >= kPageSizeAt + sizeof page_size) {
        std::memcpy(&page_size, bytes.data() + kPageSizeAt, sizeof page_size);
    }
    if (page_size <= 4096 || page_size > 65536) return bytes;
    return read_at(fd, 0, 2 * static_cast<std::size_t>(page_size), path);
}

}  // namespace

Result<RawLook> look_at_data_file(int fd, const std::string& path) {
    Result<LmdbMeta> meta = journal_damage("data.mdb: its meta pages can't be read");
    for (int attempt = 0; attempt < kLooks; ++attempt) {
        struct stat status {};
        if (fstat(fd, &status) != 0) return system_error(errno, "fstat", path);
        const auto size = static_cast<std::uint64_t>(status.st_size);
        if (size == 0) return journal_damage("data.mdb is empty");
        BACKOUT_TRY_ASSIGN(Bytes once, read_beginning(fd, path));
        BACKOUT_TRY_ASSIGN(const Bytes again, read_at(fd, 0, once.size(), path));
        meta = read_metas(once, size);
        // A commit may be writing its meta page just now: only a second equal look is believed, for good or bad.
        if (once == again && meta.ok()) return RawLook{*meta, std::move(once), size};
        if (once == again && attempt > 3) return meta.error();
        ::usleep(1000);  // lint: sleep is right here, a commit's meta page takes but an instant
    }
    return meta.ok() ? journal_damage("data.mdb: its meta pages never stand still") : meta.error();
}

Status check_pages_in_place(int data_fd, const std::string& path) {
    BACKOUT_TRY_ASSIGN(const RawLook look, look_at_data_file(data_fd, path));
    const auto size = static_cast<std::size_t>(look.meta.used_bytes());
    void* const mapped = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, data_fd, 0);
    if (mapped == MAP_FAILED) return system_error(errno, "mmap", path);
    const Status checked = check_pages({static_cast<const char*>(mapped), size}, look.meta);
    ::munmap(mapped, size);
    return checked;
}

Snapshot::~Snapshot() {
    if (data_ != nullptr) ::munmap(data_, size_);
}

Snapshot::Snapshot(Snapshot&& other) noexcept
    : fd_(std::move(other.fd_)), data_(std::exchange(other.data_, nullptr)), size_(other.size_), meta_(other.meta_) {}

Snapshot& Snapshot::operator=(Snapshot&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(meta_, other.meta_);
    return *this;
}

Status Snapshot::copy(int data_fd, const RawLook& look, const std::string& path) {
    meta_ = look.meta;
    size_ = static_cast<std::size_t>(meta_.used_bytes());
    fd_ = OwnedFd(::memfd_create("backout-journal", MFD_CLOEXEC));
    if (fd_.get() < 0) return system_error(errno, "memfd_create", path);
    if (::ftruncate(fd_.get(), static_cast<off_t>(size_)) != 0) return system_error(errno, "ftruncate", path);
    void* const mapped = ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_SHARED, fd_.get(), 0);
    if (mapped == MAP_FAILED) return system_error(errno, "mmap", path);
    data_ = static_cast<char*>(mapped);
    BACKOUT_TRY(read_fully(data_fd, data_, size_, path));
    // The copy shows the commit that was looked at, even if another one came in while it was taken.
    const std::size_t metas = std::min<std::size_t>(2 * static_cast<std::size_t>(meta_.page_size), size_);
    std::memcpy(data_, look.beginning.data(), std::min(metas, look.beginning.size()));
    return {};
}

Result<std::optional<Snapshot>> Snapshot::take(int data_fd, const std::string& path) {
    for (int attempt = 0; attempt < kCopies; ++attempt) {
        BACKOUT_TRY_ASSIGN(const RawLook look, look_at_data_file(data_fd, path));
        Snapshot snapshot;
        BACKOUT_TRY(snapshot.copy(data_fd, look, path));
        BACKOUT_TRY_ASSIGN(const RawLook after, look_at_data_file(data_fd, path));
        if (after.meta.transaction <= look.meta.transaction + 1) return std::optional<Snapshot>(std::move(snapshot));
    }
    return std::optional<Snapshot>{};
}

}  // namespace backout
