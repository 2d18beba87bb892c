#pragma once

#include <string>
#include <vector>

// What is done to a disk: its power is cut, or what it holds at this instant is copied.

namespace crashlab {

/// Opened before the program begins: when it is needed, nothing may be written, not even an access time.
class Disk {
  public:
    Disk() = default;
    ~Disk();
    Disk(const Disk&) = delete;
    Disk& operator=(const Disk&) = delete;

    void open_mounts(const std::vector<std::string>& mounts);
    void open_images(const std::vector<std::string>& images, const std::string& copies);

    /// Everything that isn't on the disk is lost, and each later call on it fails with EIO.
    /// `keep_log`: what the file system's log holds gets out before. False: it refused, and errno tells why.
    bool cut_power(bool keep_log) const;

    /// An image shares its blocks with the copy, so this takes about a millisecond.
    void copy_images(long number) const;

  private:
    std::vector<int> mounts_;
    std::vector<int> images_;
    std::string copies_;
};

/// 0 if there is none.
long size_of(const std::string& path);

}  // namespace crashlab
