#include "tracee.h"

#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <unistd.h>

#include <algorithm>
#include <array>

namespace crashlab {
namespace {

constexpr std::uint64_t kPiece = 256;  ///< never over the end of a page

#if defined(__x86_64__)
using Registers = user_regs_struct;

void put_argument(Registers& registers, int index, std::uint64_t value) {
    const std::array places = {&registers.rdi, &registers.rsi, &registers.rdx,
                               &registers.r10, &registers.r8,  &registers.r9};
    *places.at(static_cast<std::size_t>(index)) = value;
}

void put_result(Registers& registers, long result) {
    registers.rax = static_cast<std::uint64_t>(result);
}

long result_of(const Registers& registers) {
    return static_cast<long>(registers.rax);
}

bool forget_call(pid_t /*process*/, Registers& registers) {
    registers.orig_rax = ~0ULL;
    return true;
}
#elif defined(__aarch64__)
using Registers = user_regs_struct;

void put_argument(Registers& registers, int index, std::uint64_t value) {
    registers.regs[index] = value;
}

void put_result(Registers& registers, long result) {
    registers.regs[0] = static_cast<std::uint64_t>(result);
}

long result_of(const Registers& registers) {
    return static_cast<long>(registers.regs[0]);
}

/// The number stands apart from the registers, here.
bool forget_call(pid_t process, Registers& /*registers*/) {
    int none = -1;
    iovec place{&none, sizeof none};
    return ::ptrace(PTRACE_SETREGSET, process, reinterpret_cast<void*>(NT_ARM_SYSTEM_CALL), &place) == 0;
}
#else
#error "crashlab knows the registers of x86_64 and aarch64"
#endif

bool get(pid_t process, Registers& registers) {
    iovec place{&registers, sizeof registers};
    return ::ptrace(PTRACE_GETREGSET, process, reinterpret_cast<void*>(NT_PRSTATUS), &place) == 0;
}

bool set(pid_t process, Registers& registers) {
    iovec place{&registers, sizeof registers};
    return ::ptrace(PTRACE_SETREGSET, process, reinterpret_cast<void*>(NT_PRSTATUS), &place) == 0;
}

std::string text_at(pid_t process, std::uint64_t address) {
    std::string text;
    std::array<char, kPiece> piece{};
    while (text.size() < PATH_MAX) {
        const std::size_t wanted = kPiece - address % kPiece;
        const iovec here{piece.data(), wanted};
        const iovec there{reinterpret_cast<void*>(address), wanted};
        const ssize_t got = ::process_vm_readv(process, &here, 1, &there, 1, 0);
        if (got <= 0) break;
        const auto end = std::find(piece.begin(), piece.begin() + got, '\0');
        text.append(piece.begin(), end);
        if (end != piece.begin() + got) break;
        address += static_cast<std::uint64_t>(got);
    }
    return text;
}

std::string link_of(pid_t process, const std::string& name) {
    std::array<char, PATH_MAX> text{};
    const std::string link = "/proc/" + std::to_string(process) + "/" + name;
    const ssize_t length = ::readlink(link.c_str(), text.data(), text.size());
    return length < 0 ? std::string() : std::string(text.data(), static_cast<std::size_t>(length));
}

std::string base_of(pid_t process, const Place& place, const Arguments& arguments) {
    if (place.descriptor < 0) return link_of(process, "cwd");
    const int descriptor = static_cast<int>(arguments.at(static_cast<std::size_t>(place.descriptor)));
    return descriptor == AT_FDCWD ? link_of(process, "cwd") : link_of(process, "fd/" + std::to_string(descriptor));
}

std::string path_at(pid_t process, const Place& place, const Arguments& arguments) {
    if (place.path < 0 && place.descriptor < 0) return "";
    if (place.path < 0) return base_of(process, place, arguments);
    const std::string name = text_at(process, arguments.at(static_cast<std::size_t>(place.path)));
    // How a file is named of which only a descriptor is known.
    const std::string own = "/proc/self/fd/";
    if (name.compare(0, own.size(), own) == 0) return link_of(process, name.substr(std::string("/proc/self/").size()));
    if (!name.empty() && name.front() == '/') return name;
    const std::string base = base_of(process, place, arguments);
    return name.empty() ? base : base + "/" + name;
}

bool is_below(const std::string& path, const std::string& folder) {
    return path.compare(0, folder.size(), folder) == 0 && (path.size() == folder.size() || path[folder.size()] == '/');
}

bool is_place_selected(const Selection& selection, const Call& call, const std::string& path) {
    const std::vector<std::string>& folders = selection.folders;
    // What names no file (sync, fork) belongs to all.
    if (folders.empty() || (call.place.descriptor < 0 && call.place.path < 0)) return true;
    return std::any_of(folders.begin(), folders.end(),
                       [&path](const std::string& folder) { return is_below(path, folder); });
}

bool is_regular_file(pid_t process, std::uint64_t descriptor) {
    const std::string name = "/proc/" + std::to_string(process) + "/fd/" + std::to_string(descriptor);
    struct stat status {};
    return ::stat(name.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

/// The first member of struct open_how is its flags.
std::uint64_t flags_of_structure(pid_t process, std::uint64_t address) {
    std::uint64_t flags = 0;
    const iovec here{&flags, sizeof flags};
    const iovec there{reinterpret_cast<void*>(address), sizeof flags};
    return ::process_vm_readv(process, &here, 1, &there, 1, 0) == sizeof flags ? flags : 0;
}

bool makes_files(std::uint64_t flags) {
    return (flags & (O_CREAT | O_TRUNC)) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
}

bool is_effect(pid_t process, const Call& call, const Arguments& arguments) {
    const auto argument = [&arguments](int index) { return arguments.at(static_cast<std::size_t>(index)); };
    switch (call.counts) {
        case Counts::always: return true;
        case Counts::opens_for_change: return makes_files(argument(call.extra));
        case Counts::opens_by_structure: return makes_files(flags_of_structure(process, argument(call.extra)));
        case Counts::writes_file: return is_regular_file(process, argument(call.place.descriptor));
        case Counts::changes_flags: return arguments[1] == FS_IOC_SETFLAGS || arguments[1] == FICLONE;
    }
    return false;
}

bool counts(pid_t process, const Selection& selection, const Asked& found) {
    const std::vector<Group>& groups = selection.groups;
    const bool takes_descriptor = found.call->extra >= 0;  // any open
    if (takes_descriptor && std::find(groups.begin(), groups.end(), Group::descriptors) != groups.end()) return true;
    return is_effect(process, *found.call, found.arguments);
}

}  // namespace

std::optional<Asked> asked(pid_t process, const Selection& selection) {
    __ptrace_syscall_info info{};
    if (::ptrace(PTRACE_GET_SYSCALL_INFO, process, sizeof info, &info) <= 0) return std::nullopt;
    Asked found;
    found.call = call_of(info.seccomp.nr);
    if (found.call == nullptr || !selects(selection, *found.call)) return std::nullopt;
    std::copy(std::begin(info.seccomp.args), std::end(info.seccomp.args), found.arguments.begin());
    if (!counts(process, selection, found)) return std::nullopt;
    found.path = path_at(process, found.call->place, found.arguments);
    bool selected = is_place_selected(selection, *found.call, found.path);
    const std::string second = path_at(process, found.call->second, found.arguments);
    if (!second.empty()) {
        selected = selected || is_place_selected(selection, *found.call, second);
        found.path += " -> " + second;
    }
    return selected ? std::optional<Asked>(std::move(found)) : std::nullopt;
}

bool set_argument(pid_t process, int index, std::uint64_t value) {
    Registers registers{};
    if (!get(process, registers)) return false;
    put_argument(registers, index, value);
    return set(process, registers);
}

bool skip_call(pid_t process, int error) {
    Registers registers{};
    if (!get(process, registers) || !forget_call(process, registers)) return false;
    put_result(registers, -error);
    return set(process, registers);
}

bool set_error(pid_t process, int error) {
    Registers registers{};
    if (!get(process, registers)) return false;
    if (result_of(registers) < 0) return true;
    put_result(registers, -error);
    return set(process, registers);
}

}  // namespace crashlab
