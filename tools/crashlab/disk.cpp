#include "disk.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>

#include "options.h"

namespace crashlab {
namespace {

// FS_IOC_SHUTDOWN, which no header for programs names; xfs had it first.
constexpr unsigned long kShutdown = _IOR('X', 125, std::uint32_t);
constexpr std::uint32_t kFlushLog = 1;
constexpr std::uint32_t kNoLog = 2;

int open_or_fail(const std::string& path, int flags) {
    const int descriptor = ::open(path.c_str(), flags | O_CLOEXEC);
    if (descriptor < 0) fail(path);
    return descriptor;
}

}  // namespace

Disk::~Disk() {
    for (const int descriptor : mounts_) ::close(descriptor);
    for (const int descriptor : images_) ::close(descriptor);
}

void Disk::open_mounts(const std::vector<std::string>& mounts) {
    for (const std::string& mount : mounts) mounts_.push_back(open_or_fail(mount, O_RDONLY | O_DIRECTORY));
}

void Disk::open_images(const std::vector<std::string>& images, const std::string& copies) {
    for (const std::string& image : images) images_.push_back(open_or_fail(image, O_RDONLY));
    copies_ = copies;
}

bool Disk::cut_power(bool keep_log) const {
    for (const int mount : mounts_) {
        std::uint32_t how = keep_log ? kFlushLog : kNoLog;
        if (::ioctl(mount, kShutdown, &how) != 0) return false;
    }
    return true;
}

void Disk::copy_images(long number) const {
    for (std::size_t index = 0; index < images_.size(); ++index) {
        const std::string suffix = index == 0 ? "" : "-" + std::to_string(index + 1);
        const std::string name = copies_ + "/" + std::to_string(number) + suffix;
        const int copy = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        if (copy < 0 || ::ioctl(copy, FICLONE, images_[index]) != 0) fail("copy the image to " + name);
        ::close(copy);
    }
}

long size_of(const std::string& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 ? static_cast<long>(status.st_size) : 0;
}

}  // namespace crashlab
