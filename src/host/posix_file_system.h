#pragma once
// What file system an open directory is on, from fstatfs and /proc/self/mountinfo.

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "host/host.h"

namespace backout {

/// One line of /proc/self/mountinfo.
struct MountEntry {
    std::uint64_t id = 0;
    std::string device = {};  ///< "254:0"
    std::string point = {};   ///< as this process sees it
    std::string type = {};
    std::string source = {};
    bool read_only = false;  ///< the mount or the file system
};

/// Lines that don't look like one are left out.
std::vector<MountEntry> parse_mountinfo(const std::string& text);
Result<std::vector<MountEntry>> read_mounts();

bool is_network_type(const std::string& type);
/// proc, sysfs, cgroup and the like: nothing there is ever written to a disk.
bool is_pseudo_type(const std::string& type);

/// `root_path` is the host's root, `path` the directory's path inside it.
Result<FileSystemInfo> posix_file_system(int fd, const std::string& root_path, const std::string& path);

}  // namespace backout
