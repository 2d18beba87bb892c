// A library to be preloaded into the program under test.
//
//   BACKOUT_CLOCK_SHIFT=SECONDS   the wall clock says another time (the monotonic one doesn't)
//   BACKOUT_FAIL=CALL:N:ERRNO     the Nth call of CALL fails, and with ERRNO+ all after it; what it did, it did not do
//                                 (fsync, fdatasync, syncfs, close: after it, as a disk does)
//   BACKOUT_FAILED=FILE           is made when one failed

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include <atomic>

namespace {

std::atomic<long> g_calls{0};

template <typename Function>
Function real(Function, const char* name) {
    return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

long shift() {
    const char* text = getenv("BACKOUT_CLOCK_SHIFT");
    return text == nullptr ? 0 : strtol(text, nullptr, 10);
}

void leave_mark() {
    const char* mark = getenv("BACKOUT_FAILED");
    if (mark == nullptr) return;
    const auto make = real(&open, "open");
    const int fd = make(mark, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    if (fd >= 0) real(&close, "close")(fd);
}

/// True, with errno set, if this call is to fail.
bool fails(const char* call) {
    const char* wish = getenv("BACKOUT_FAIL");
    const size_t length = strlen(call);
    if (wish == nullptr || strncmp(wish, call, length) != 0 || wish[length] != ':') return false;
    char* rest = nullptr;
    const long number = strtol(wish + length + 1, &rest, 10);
    const long error_number = *rest == ':' ? strtol(rest + 1, &rest, 10) : EIO;
    const long count = ++g_calls;
    if (count < number || (count > number && *rest != '+')) return false;
    leave_mark();
    errno = static_cast<int>(error_number);
    return true;
}

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* time) {
    const int result = real(&clock_gettime, "clock_gettime")(clock, time);
    if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) time->tv_sec += shift();
    return result;
}

time_t time(time_t* out) {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    if (out != nullptr) *out = now.tv_sec;
    return now.tv_sec;
}

int fsync(int fd) {
    if (fails("fsync")) return -1;
    return real(&fsync, "fsync")(fd);
}

int fdatasync(int fd) {
    if (fails("fdatasync")) return -1;
    return real(&fdatasync, "fdatasync")(fd);
}

int syncfs(int fd) noexcept {
    if (fails("syncfs")) return -1;
    return real(&syncfs, "syncfs")(fd);
}

int close(int fd) {
    const int result = real(&close, "close")(fd);
    return fails("close") ? -1 : result;
}

ssize_t write(int fd, const void* bytes, size_t size) {
    if (fd > 2 && fails("write")) return -1;
    return real(&write, "write")(fd, bytes, size);
}

ssize_t pwrite(int fd, const void* bytes, size_t size, off_t at) {
    if (fails("pwrite")) return -1;
    return real(&pwrite, "pwrite")(fd, bytes, size, at);
}

ssize_t pwrite64(int fd, const void* bytes, size_t size, off64_t at) {
    if (fails("pwrite")) return -1;
    return real(&pwrite64, "pwrite64")(fd, bytes, size, at);
}

int renameat2(int from, const char* name, int to, const char* new_name, unsigned flags) noexcept {
    if (fails("renameat2")) return -1;
    return real(&renameat2, "renameat2")(from, name, to, new_name, flags);
}

int rename(const char* name, const char* new_name) noexcept {
    if (fails("rename")) return -1;
    return real(&rename, "rename")(name, new_name);
}

int unlinkat(int folder, const char* name, int flags) noexcept {
    if (fails("unlinkat")) return -1;
    return real(&unlinkat, "unlinkat")(folder, name, flags);
}

int mkdirat(int folder, const char* name, mode_t mode) noexcept {
    if (fails("mkdirat")) return -1;
    return real(&mkdirat, "mkdirat")(folder, name, mode);
}

int fchmod(int fd, mode_t mode) noexcept {
    if (fails("fchmod")) return -1;
    return real(&fchmod, "fchmod")(fd, mode);
}

int openat(int folder, const char* name, int flags, ...) {
    va_list more;
    va_start(more, flags);
    const mode_t mode = va_arg(more, mode_t);
    va_end(more);
    if (fails("openat")) return -1;
    return real(&openat, "openat")(folder, name, flags, mode);
}

}  // extern "C"
