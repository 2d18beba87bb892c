#include "host/posix_file_system.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <sstream>
#include <string_view>

#include "base/text.h"
#include "host/posix_fd.h"
#include "host/posix_status.h"

namespace backout {
namespace {

template <std::size_t Size>
bool one_of(const std::array<std::string_view, Size>& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

/// mountinfo writes blanks, tabs, line ends and backslashes of paths as \040 and so on.
std::string unescape(std::string_view text) {
    std::string result;
    for (std::size_t i = 0; i < text.size(); ++i) {
        unsigned value = 0;
        const char* digits = text.data() + i + 1;
        const bool escape = text[i] == '\\' && i + 3 < text.size() &&
                            std::from_chars(digits, digits + 3, value, 8).ptr == digits + 3 && value < 256;
        result += escape ? static_cast<char>(value) : text[i];
        if (escape) i += 3;
    }
    return result;
}

bool lists_option(const std::string& options, const std::string& wanted) {
    const std::vector<std::string> all = split(options, ',');
    return std::find(all.begin(), all.end(), wanted) != all.end();
}

/// "36 35 98:0 /root /point rw,noatime opt:1 - type source rw,errors=continue"
bool parse_mount(const std::string& line, MountEntry& entry) {
    const std::vector<std::string> words = split(line, ' ');
    const auto dash = std::find(words.begin(), words.end(), "-");
    if (dash - words.begin() < 6 || words.end() - dash < 4) return false;
    const std::string& id = words[0];
    if (std::from_chars(id.data(), id.data() + id.size(), entry.id).ec != std::errc()) return false;
    entry.device = words[2];
    entry.point = unescape(words[4]);
    entry.type = dash[1];
    entry.source = unescape(dash[2]);
    entry.read_only = lists_option(words[5], "ro") || lists_option(dash[3], "ro");
    return true;
}

std::string read_small_file(const std::string& path) {
    std::ifstream file(path);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

/// The kernel shows the journal's thread of each mounted ext4 file system to everybody. Where it shows nothing (a
/// container without /sys), there is most likely a journal.
bool ext4_has_journal(const MountEntry& mount) {
    const std::string device = mount.source.substr(mount.source.find_last_of('/') + 1);
    return read_small_file("/sys/fs/ext4/" + device + "/journal_task").find("<none>") == std::string::npos;
}

bool survives_power_cut(const MountEntry& mount) {
    static constexpr std::array<std::string_view, 13> kFragile = {
        "ext2", "vfat", "msdos", "exfat", "minix", "ufs", "tmpfs", "ramfs", "hpfs", "affs", "qnx4", "sysv", "fuseblk"};
    if (mount.type == "ext4") return ext4_has_journal(mount);
    return !one_of(kFragile, mount.type);
}

/// The mount point as a path inside the root; "/" if it lies above the root.
std::string point_inside(const std::string& point, const std::string& root_path) {
    if (root_path == "/") return point;
    const std::string prefix = root_path + "/";
    return point.compare(0, prefix.size(), prefix) == 0 ? point.substr(root_path.size()) : "/";
}

}  // namespace

bool is_network_type(const std::string& type) {
    static constexpr std::array<std::string_view, 22> kNetwork = {
        "nfs",        "nfs4",           "cifs",        "smb3",      "smbfs",          "9p",        "afs",    "ceph",
        "coda",       "ncpfs",          "gfs2",        "ocfs2",     "glusterfs",      "lustre",    "beegfs", "virtiofs",
        "fuse.sshfs", "fuse.glusterfs", "fuse.rclone", "fuse.s3fs", "fuse.ceph-fuse", "fuse.davfs"};
    return one_of(kNetwork, type);
}

bool is_pseudo_type(const std::string& type) {
    static constexpr std::array<std::string_view, 24> kPseudo = {
        "proc",      "sysfs",  "devtmpfs",   "devpts",  "tmpfs",       "ramfs",      "cgroup",    "cgroup2",
        "pstore",    "bpf",    "mqueue",     "debugfs", "tracefs",     "securityfs", "configfs",  "fusectl",
        "hugetlbfs", "autofs", "rpc_pipefs", "nsfs",    "binfmt_misc", "efivarfs",   "selinuxfs", "fuse.lxcfs"};
    return one_of(kPseudo, type);
}

std::vector<MountEntry> parse_mountinfo(const std::string& text) {
    std::vector<MountEntry> mounts;
    for (const std::string& line : split(text, '\n')) {
        MountEntry entry;
        if (parse_mount(line, entry)) mounts.push_back(std::move(entry));
    }
    return mounts;
}

Result<std::vector<MountEntry>> read_mounts() {
    const std::string text = read_small_file("/proc/self/mountinfo");
    if (text.empty()) {
        return Error{ErrorCode::unsupported, "/proc/self/mountinfo can't be read: /proc must be mounted",
                     "/proc/self/mountinfo"};
    }
    return parse_mountinfo(text);
}

Result<FileSystemInfo> posix_file_system(int fd, const std::string& root_path, const std::string& path) {
    struct statfs numbers {};
    if (::fstatfs(fd, &numbers) != 0) return system_error(errno, "statfs", path);
    BACKOUT_TRY_ASSIGN(const PosixStatus found, posix_status(fd, "", path));
    BACKOUT_TRY_ASSIGN(const std::vector<MountEntry> mounts, read_mounts());
    const auto same = [&](const MountEntry& mount) { return mount.id == found.status.mount; };
    const auto mount = std::find_if(mounts.begin(), mounts.end(), same);
    FileSystemInfo info;
    info.mount = found.status.mount;
    info.free_bytes = static_cast<std::uint64_t>(numbers.f_bavail) * static_cast<std::uint64_t>(numbers.f_frsize);
    info.read_only = (static_cast<std::uint64_t>(numbers.f_flags) & ST_RDONLY) != 0;
    info.mount_point = "/";
    if (mount == mounts.end()) {  // a mount of another namespace, reached through a descriptor
        info.type = "unknown";
        return info;
    }
    info.type = mount->type;
    info.mount_point = point_inside(mount->point, root_path);
    info.read_only = info.read_only || mount->read_only;
    info.network = is_network_type(mount->type);
    info.survives_power_cut = survives_power_cut(*mount);
    return info;
}

}  // namespace backout
