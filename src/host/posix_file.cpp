#include "host/posix_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>

#include "host/posix_status.h"

namespace backout {

Result<Bytes> PosixInputFile::read(std::uint64_t offset, std::size_t limit) {
    Bytes buffer(limit, '\0');
    std::size_t filled = 0;
    while (filled < limit) {
        const auto position = static_cast<off_t>(offset + filled);
        const ssize_t got =
            retry_interrupted([&] { return ::pread(fd_.get(), buffer.data() + filled, limit - filled, position); });
        if (got < 0) return system_error(errno, "read", path_);
        if (got == 0) break;
        filled += static_cast<std::size_t>(got);
    }
    buffer.resize(filled);
    return buffer;
}

Result<FileStatus> PosixInputFile::status() {
    BACKOUT_TRY_ASSIGN(const PosixStatus found, posix_status(fd_.get(), "", path_));
    return found.status;
}

Result<std::pair<std::uint64_t, std::uint64_t>> PosixInputFile::next_data(std::uint64_t offset) {
    BACKOUT_TRY_ASSIGN(const FileStatus now, status());
    const std::pair<std::uint64_t, std::uint64_t> nothing(now.size, now.size);
    if (offset >= now.size) return nothing;
    const off_t begin = ::lseek(fd_.get(), static_cast<off_t>(offset), SEEK_DATA);
    if (begin < 0 && errno == ENXIO) return nothing;
    if (begin < 0 && errno == EINVAL) return std::pair(offset, now.size);  // no holes on this file system
    if (begin < 0) return system_error(errno, "seek in", path_);
    const off_t end = ::lseek(fd_.get(), begin, SEEK_HOLE);
    if (end < 0) return system_error(errno, "seek in", path_);
    return std::pair(static_cast<std::uint64_t>(begin), static_cast<std::uint64_t>(end));
}

Status PosixOutputFile::write(std::string_view bytes) {
    BACKOUT_TRY(write_at(end_, bytes));
    return {};
}

Status PosixOutputFile::write_at(std::uint64_t offset, std::string_view bytes) {
    BACKOUT_ASSERT(fd_.valid());
    std::size_t done = 0;
    while (done < bytes.size()) {
        const auto position = static_cast<off_t>(offset + done);
        const ssize_t written =
            retry_interrupted([&] { return ::pwrite(fd_.get(), bytes.data() + done, bytes.size() - done, position); });
        if (written < 0) return system_error(errno, "write", path_);
        if (written == 0) return system_error(EIO, "write", path_);
        done += static_cast<std::size_t>(written);
    }
    end_ = std::max(end_, offset + bytes.size());
    return {};
}

Status PosixOutputFile::set_size(std::uint64_t size) {
    BACKOUT_ASSERT(fd_.valid());
    if (retry_interrupted([&] { return ::ftruncate(fd_.get(), static_cast<off_t>(size)); }) != 0) {
        return system_error(errno, "set the size of", path_);
    }
    end_ = size;
    return {};
}

Status PosixOutputFile::reserve(std::uint64_t size) {
    BACKOUT_ASSERT(fd_.valid());
    if (size == 0) return {};
    const auto length = static_cast<off_t>(size);
    // Not posix_fallocate: where the file system can't, it writes zeros block by block.
    if (retry_interrupted([&] { return ::fallocate(fd_.get(), FALLOC_FL_KEEP_SIZE, 0, length); }) == 0) return {};
    if (errno == EOPNOTSUPP || errno == ENOSYS) return {};
    return system_error(errno, "reserve space for", path_);
}

Status PosixOutputFile::close() {
    BACKOUT_ASSERT(fd_.valid());
    // After EINTR the descriptor is closed all the same, and nothing was lost: data that matters is synced by name.
    if (::close(fd_.release()) != 0 && errno != EINTR) return system_error(errno, "close", path_);
    return {};
}

}  // namespace backout
