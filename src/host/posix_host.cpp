#include "host/posix_host.h"

#include <fcntl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <vector>

#include "host/posix_directory.h"
#include "host/posix_file_system.h"
#include "host/posix_http.h"
#include "host/posix_process.h"
#include "host/posix_sync.h"
#include "host/posix_users.h"
#include "host/posix_walk.h"

namespace backout {

Result<std::unique_ptr<Host>> open_posix_host(const std::string& root_directory) {
    struct Free {
        void operator()(char* pointer) const { std::free(pointer); }
    };
    const std::unique_ptr<char, Free> real(::realpath(root_directory.c_str(), nullptr));
    if (!real) return system_error(errno, "open the root folder", root_directory);
    UniqueFd root(retry_interrupted([&] { return ::open(real.get(), O_PATH | O_DIRECTORY | O_CLOEXEC); }));
    if (!root.valid()) return system_error(errno, "open the root folder", root_directory);
    return std::unique_ptr<Host>(std::make_unique<PosixHost>(std::move(root), real.get()));
}

Result<Location> PosixHost::locate(const std::string& path) {
    BACKOUT_TRY_ASSIGN(std::vector<std::string> components, split_path(path));
    if (components.empty()) return root_is_no_target();
    std::string name = std::move(components.back());
    components.pop_back();
    BACKOUT_TRY_ASSIGN(WalkedDirectory parent, walk(root_fd_.get(), components));
    BACKOUT_TRY_ASSIGN(auto directory, PosixDirectory::from_path_fd(std::move(parent.fd), std::move(parent.path)));
    return Location{std::move(directory), std::move(name)};
}

Result<std::shared_ptr<Directory>> PosixHost::open_directory(const std::string& path) {
    BACKOUT_TRY_ASSIGN(const std::vector<std::string> components, split_path(path));
    BACKOUT_TRY_ASSIGN(WalkedDirectory found, walk(root_fd_.get(), components));
    return PosixDirectory::from_path_fd(std::move(found.fd), std::move(found.path));
}

Result<FileSystemInfo> PosixHost::file_system(Directory& directory) {
    return posix_file_system(posix(directory).fd(), root_path_, directory.path());
}

Status PosixHost::sync(const std::vector<SyncRequest>& requests) {
    return posix_sync(requests);
}

Status PosixHost::sync_everything() {
    return posix_sync_everything();
}

Result<ProcessOutcome> PosixHost::run(const ProcessSpec& spec) {
    return posix_run(spec, inside_root() ? root_fd_.get() : -1);
}

Result<HttpResponse> PosixHost::http(const HttpRequest& request, const StopToken* stop) {
    return posix_http(request, stop);
}

Status PosixHost::connect_tcp(const std::string& host, int port, Nanoseconds timeout) {
    return posix_connect_tcp(host, port, timeout);
}

std::uint32_t PosixHost::user_id() const {
    return ::geteuid();
}

std::uint32_t PosixHost::group_id() const {
    return ::getegid();
}

bool PosixHost::has_group(std::uint32_t group) const {
    const int count = ::getgroups(0, nullptr);
    std::vector<gid_t> groups(count > 0 ? static_cast<std::size_t>(count) : 0);
    const int filled = ::getgroups(count, groups.data());
    groups.resize(filled > 0 ? static_cast<std::size_t>(filled) : 0);
    return group == group_id() || std::find(groups.begin(), groups.end(), group) != groups.end();
}

Result<std::uint32_t> PosixHost::user_by_name(const std::string& name) {
    return id_by_name(*this, Accounts::users, name);
}

Result<std::uint32_t> PosixHost::group_by_name(const std::string& name) {
    return id_by_name(*this, Accounts::groups, name);
}

std::string PosixHost::user_name(std::uint32_t uid) {
    return name_by_id(*this, Accounts::users, uid);
}

std::string PosixHost::group_name(std::uint32_t gid) {
    return name_by_id(*this, Accounts::groups, gid);
}

std::string PosixHost::host_name() {
    struct utsname names {};
    return ::uname(&names) == 0 ? names.nodename : "localhost";
}

}  // namespace backout
