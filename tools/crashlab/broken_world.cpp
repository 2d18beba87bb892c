// Preloaded into a program: a world that breaks one promise, so that a test can show that it would notice.
//
//   LD_PRELOAD=libcrashlab_broken.so CRASHLAB_BROKEN=WHAT PROGRAM
//
//   sync      what is synced isn't: fsync, fdatasync and syncfs do nothing, and say that they did
//   exchange  an exchange of two names isn't atomic: for an instant one of them is missing
//   rename    a rename that fails says that it succeeded
//   reserve   room that was reserved isn't: posix_fallocate does nothing, and says that it did
//   times     setting a time does nothing, and says that it did
//   orphan    nobody's processes can be seen: /proc/PID/stat isn't there

#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

bool is_broken(const char* what) {
    const char* broken = std::getenv("CRASHLAB_BROKEN");
    return broken != nullptr && std::strcmp(broken, what) == 0;
}

int call(long result) {
    return static_cast<int>(result);
}

int plain_rename(int from, const char* old_name, int to, const char* new_name, unsigned flags) {
    return call(::syscall(SYS_renameat2, from, old_name, to, new_name, flags));
}

int slow_exchange(int from, const char* old_name, int to, const char* new_name) {
    const std::string aside = std::string(old_name) + ".aside";
    if (plain_rename(from, old_name, from, aside.c_str(), 0) != 0) return -1;
    if (plain_rename(to, new_name, from, old_name, 0) != 0) return -1;
    return plain_rename(from, aside.c_str(), to, new_name, 0);
}

bool is_state_of_process(const char* path) {
    const std::string text = path;
    return text.compare(0, 6, "/proc/") == 0 && text.size() > 5 && text.rfind("/stat") == text.size() - 5;
}

}  // namespace

extern "C" {

int fsync(int descriptor) {
    return is_broken("sync") ? 0 : call(::syscall(SYS_fsync, descriptor));
}

int fdatasync(int descriptor) {
    return is_broken("sync") ? 0 : call(::syscall(SYS_fdatasync, descriptor));
}

int syncfs(int descriptor) noexcept {
    return is_broken("sync") ? 0 : call(::syscall(SYS_syncfs, descriptor));
}

int renameat2(int from, const char* old_name, int to, const char* new_name, unsigned flags) noexcept {
    if (is_broken("exchange") && flags == RENAME_EXCHANGE) return slow_exchange(from, old_name, to, new_name);
    const int result = plain_rename(from, old_name, to, new_name, flags);
    return result != 0 && is_broken("rename") && errno == EIO ? 0 : result;
}

int utimensat(int directory, const char* path, const struct timespec times[2], int flags) noexcept {
    return is_broken("times") ? 0 : call(::syscall(SYS_utimensat, directory, path, times, flags));
}

int futimens(int descriptor, const struct timespec times[2]) noexcept {
    return is_broken("times") ? 0 : call(::syscall(SYS_utimensat, descriptor, nullptr, times, 0));
}

int posix_fallocate(int descriptor, off_t offset, off_t length) {
    if (is_broken("reserve")) return ::ftruncate(descriptor, offset + length) == 0 ? 0 : errno;
    return ::syscall(SYS_fallocate, descriptor, 0, offset, length) == 0 ? 0 : errno;
}

// What a stream of C++ opens its file by.
FILE* fopen64(const char* path, const char* mode) {
    using Function = FILE* (*)(const char*, const char*);
    static const auto real = reinterpret_cast<Function>(::dlsym(RTLD_NEXT, "fopen64"));
    if (is_broken("orphan") && is_state_of_process(path)) {
        errno = ENOENT;
        return nullptr;
    }
    return real(path, mode);
}

}  // extern "C"
