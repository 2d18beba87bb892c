#include "host/mem_file.h"

#include <algorithm>
#include <cerrno>

namespace backout {
namespace {

constexpr std::uint64_t kLargest = 1U << 30;  ///< a test that writes more has gone astray

}  // namespace

Status MemInputFile::alive() const {
    if (generation_ == host_.generation_) return {};
    return system_error(EIO, "use a handle from before the power cut of", path_);
}

Result<Bytes> MemInputFile::read(std::uint64_t offset, std::size_t limit) {
    const std::lock_guard lock(host_.mutex_);
    BACKOUT_TRY(alive());
    const MemContent& content = host_.state_.node(id_).content;
    if (content == nullptr || offset >= content->size()) return Bytes();
    return content->substr(static_cast<std::size_t>(offset), limit);
}

Result<FileStatus> MemInputFile::status() {
    const std::lock_guard lock(host_.mutex_);
    BACKOUT_TRY(alive());
    return host_.status_of(id_);
}

Result<std::pair<std::uint64_t, std::uint64_t>> MemInputFile::next_data(std::uint64_t offset) {
    BACKOUT_TRY_ASSIGN(const FileStatus now, status());
    return std::pair(std::min(offset, now.size), now.size);
}

Status MemOutputFile::begin(const std::string& what) {
    BACKOUT_ASSERT(open_);
    if (generation_ != host_.generation_) return system_error(EIO, "use a handle from before the power cut of", path_);
    return host_.announce(what, path_);
}

Bytes MemOutputFile::content() const {
    const MemContent& content = host_.state_.node(id_).content;
    return content == nullptr ? Bytes() : *content;
}

void MemOutputFile::store(Bytes content) {
    MemNode& node = host_.state_.node(id_);
    node.content = std::make_shared<const Bytes>(std::move(content));
    node.attributes.mtime = node.ctime = host_.tick();
}

Status MemOutputFile::write(std::string_view bytes) {
    const std::lock_guard lock(host_.mutex_);
    BACKOUT_TRY(begin("write"));
    Bytes changed = content();
    changed.append(bytes);
    store(std::move(changed));
    return {};
}

Status MemOutputFile::write_at(std::uint64_t offset, std::string_view bytes) {
    const std::lock_guard lock(host_.mutex_);
    BACKOUT_TRY(begin("write"));
    if (offset > kLargest) return system_error(EFBIG, "write", path_);
    Bytes changed = content();
    const auto position = static_cast<std::size_t>(offset);
    if (changed.size() < position + bytes.size()) changed.resize(position + bytes.size(), '\0');
    changed.replace(position, bytes.size(), bytes);
    store(std::move(changed));
    return {};
}

Status MemOutputFile::set_size(std::uint64_t size) {
    const std::lock_guard lock(host_.mutex_);
    BACKOUT_TRY(begin("set_size"));
    if (size > kLargest) return system_error(EFBIG, "set the size of", path_);
    Bytes changed = content();
    changed.resize(static_cast<std::size_t>(size), '\0');
    store(std::move(changed));
    return {};
}

Status MemOutputFile::reserve(std::uint64_t) {
    const std::lock_guard lock(host_.mutex_);
    return begin("reserve");
}

Status MemOutputFile::close() {
    const std::lock_guard lock(host_.mutex_);
    BACKOUT_TRY(begin("close"));
    open_ = false;
    return {};
}

}  // namespace backout
