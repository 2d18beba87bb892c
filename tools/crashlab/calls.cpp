#include "calls.h"

#include <linux/seccomp.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cstddef>

namespace crashlab {
namespace {

constexpr Place kNowhere{};
constexpr Place kDescriptor{0, -1};
constexpr Place kPath{-1, 0};
constexpr Place kAt{0, 1};

Call effect(long number, const char* name, Place place, Place second = kNowhere) {
    return Call{number, name, Group::effects, Counts::always, place, second, -1, -1};
}

Call opening(long number, const char* name, Place place, int flags, Counts counts) {
    return Call{number, name, Group::effects, counts, place, kNowhere, flags, -1};
}

/// `length` -1: can't be done by half, for it isn't one number.
Call writing(long number, const char* name, int descriptor, int length) {
    return Call{number, name, Group::effects, Counts::writes_file, Place{descriptor, -1}, kNowhere, -1, length};
}

Call other(Group group, long number, const char* name, Place place = kNowhere, int length = -1) {
    return Call{number, name, group, Counts::always, place, kNowhere, -1, length};
}

void add_former_calls(std::vector<Call>& calls) {
#ifdef SYS_open
    calls.insert(
        calls.end(),
        {opening(SYS_open, "open", kPath, 1, Counts::opens_for_change), effect(SYS_creat, "creat", kPath),
         effect(SYS_rename, "rename", kPath, Place{-1, 1}), effect(SYS_unlink, "unlink", kPath),
         effect(SYS_rmdir, "rmdir", kPath), effect(SYS_mkdir, "mkdir", kPath), effect(SYS_link, "link", Place{-1, 1}),
         effect(SYS_symlink, "symlink", Place{-1, 1}), effect(SYS_mknod, "mknod", kPath),
         effect(SYS_chmod, "chmod", kPath), effect(SYS_chown, "chown", kPath), effect(SYS_lchown, "lchown", kPath),
         other(Group::processes, SYS_fork, "fork"), other(Group::processes, SYS_vfork, "vfork"),
         other(Group::reads, SYS_readlink, "readlink", kPath)});
#endif
#ifdef SYS_renameat
    calls.push_back(effect(SYS_renameat, "renameat", kAt, Place{2, 3}));
#endif
}

void add_names(std::vector<Call>& calls) {
    calls.insert(calls.end(),
                 {opening(SYS_openat, "openat", kAt, 2, Counts::opens_for_change),
                  opening(SYS_openat2, "openat2", kAt, 2, Counts::opens_by_structure),
                  effect(SYS_renameat2, "renameat2", kAt, Place{2, 3}), effect(SYS_unlinkat, "unlinkat", kAt),
                  effect(SYS_mkdirat, "mkdirat", kAt), effect(SYS_linkat, "linkat", Place{2, 3}),
                  effect(SYS_symlinkat, "symlinkat", Place{1, 2}), effect(SYS_mknodat, "mknodat", kAt)});
}

void add_contents(std::vector<Call>& calls) {
    calls.insert(calls.end(),
                 {writing(SYS_write, "write", 0, 2), writing(SYS_pwrite64, "pwrite64", 0, 2),
                  writing(SYS_writev, "writev", 0, -1), writing(SYS_pwritev, "pwritev", 0, -1),
                  writing(SYS_pwritev2, "pwritev2", 0, -1), writing(SYS_sendfile, "sendfile", 0, 3),
                  writing(SYS_copy_file_range, "copy_file_range", 2, 4), writing(SYS_splice, "splice", 2, 4),
                  effect(SYS_fsync, "fsync", kDescriptor), effect(SYS_fdatasync, "fdatasync", kDescriptor),
                  effect(SYS_syncfs, "syncfs", kDescriptor), effect(SYS_sync, "sync", kNowhere),
                  effect(SYS_sync_file_range, "sync_file_range", kDescriptor), effect(SYS_truncate, "truncate", kPath),
                  effect(SYS_ftruncate, "ftruncate", kDescriptor), effect(SYS_fallocate, "fallocate", kDescriptor)});
}

void add_attributes(std::vector<Call>& calls) {
    calls.insert(calls.end(),
                 {effect(SYS_fchmod, "fchmod", kDescriptor), effect(SYS_fchmodat, "fchmodat", kAt),
                  effect(SYS_fchown, "fchown", kDescriptor), effect(SYS_fchownat, "fchownat", kAt),
                  effect(SYS_utimensat, "utimensat", kAt), effect(SYS_setxattr, "setxattr", kPath),
                  effect(SYS_lsetxattr, "lsetxattr", kPath), effect(SYS_fsetxattr, "fsetxattr", kDescriptor),
                  effect(SYS_removexattr, "removexattr", kPath), effect(SYS_lremovexattr, "lremovexattr", kPath),
                  effect(SYS_fremovexattr, "fremovexattr", kDescriptor),
                  Call{SYS_ioctl, "ioctl", Group::effects, Counts::changes_flags, kDescriptor, kNowhere, -1, -1}});
}

void add_others(std::vector<Call>& calls) {
    calls.insert(calls.end(), {other(Group::reads, SYS_read, "read", kDescriptor, 2),
                               other(Group::reads, SYS_pread64, "pread64", kDescriptor, 2),
                               other(Group::reads, SYS_readv, "readv", kDescriptor),
                               other(Group::reads, SYS_getdents64, "getdents64", kDescriptor),
                               other(Group::reads, SYS_newfstatat, "newfstatat", kAt),
                               other(Group::reads, SYS_statx, "statx", kAt),
                               other(Group::reads, SYS_readlinkat, "readlinkat", kAt),
                               other(Group::reads, SYS_fstat, "fstat", kDescriptor),
                               other(Group::reads, SYS_lgetxattr, "lgetxattr", kPath),
                               other(Group::reads, SYS_fgetxattr, "fgetxattr", kDescriptor),
                               other(Group::reads, SYS_llistxattr, "llistxattr", kPath),
                               other(Group::reads, SYS_flistxattr, "flistxattr", kDescriptor),
                               other(Group::descriptors, SYS_pipe2, "pipe2"),
                               other(Group::descriptors, SYS_memfd_create, "memfd_create"),
                               other(Group::descriptors, SYS_dup3, "dup3"),
                               other(Group::descriptors, SYS_socket, "socket"),
                               other(Group::descriptors, SYS_pidfd_open, "pidfd_open"),
                               other(Group::descriptors, SYS_eventfd2, "eventfd2"),
                               other(Group::processes, SYS_clone, "clone"),
                               other(Group::processes, SYS_clone3, "clone3"),
                               other(Group::processes, SYS_execve, "execve")});
}

std::vector<Call> make_calls() {
    std::vector<Call> calls;
    add_former_calls(calls);
    add_names(calls);
    add_contents(calls);
    add_attributes(calls);
    add_others(calls);
    return calls;
}

bool opens(const Call& call) {
    return call.counts == Counts::opens_for_change || call.counts == Counts::opens_by_structure;
}

bool has(const Selection& selection, Group group) {
    return std::find(selection.groups.begin(), selection.groups.end(), group) != selection.groups.end();
}

}  // namespace

const std::vector<Call>& all_calls() {
    static const std::vector<Call> calls = make_calls();
    return calls;
}

const Call* call_of(std::uint64_t number) {
    const std::vector<Call>& calls = all_calls();
    const auto found = std::find_if(calls.begin(), calls.end(), [number](const Call& call) {
        return static_cast<std::uint64_t>(call.number) == number;
    });
    return found == calls.end() ? nullptr : &*found;
}

bool is_call(const std::string& name) {
    const std::vector<Call>& calls = all_calls();
    return std::any_of(calls.begin(), calls.end(), [&name](const Call& call) { return name == call.name; });
}

bool selects(const Selection& selection, const Call& call) {
    const std::vector<std::string>& names = selection.names;
    if (!names.empty() && std::find(names.begin(), names.end(), call.name) == names.end()) return false;
    return has(selection, call.group) || (opens(call) && has(selection, Group::descriptors));
}

std::vector<sock_filter> make_filter(const Selection& selection) {
    std::vector<sock_filter> filter;
    filter.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)));
    for (const Call& call : all_calls()) {
        if (!selects(selection, call)) continue;
        filter.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<std::uint32_t>(call.number), 0, 1));
        filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE));
    }
    filter.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    return filter;
}

}  // namespace crashlab
