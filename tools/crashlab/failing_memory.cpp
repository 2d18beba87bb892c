// Preloaded into a program: its N-th allocation of memory fails, once or from then on.
//
//   LD_PRELOAD=libcrashlab_memory.so CRASHLAB_MEMORY_AT=N [CRASHLAB_MEMORY_STICKY=1] [CRASHLAB_MEMORY_LOG=FILE] PROGRAM
//
// At its end the program appends `allocations=TOTAL` to the log. glibc only: it names its own functions apart.

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>

extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* block, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);
}

namespace {

std::atomic<long> g_count{0};
std::atomic<long> g_at{-1};  ///< -1: not asked for yet
std::atomic<bool> g_sticky{false};

bool fails() {
    if (g_at.load() < 0) {
        const char* at = std::getenv("CRASHLAB_MEMORY_AT");
        g_sticky = std::getenv("CRASHLAB_MEMORY_STICKY") != nullptr;
        g_at = at == nullptr ? 0 : std::strtol(at, nullptr, 10);
    }
    const long count = ++g_count;
    const long at = g_at.load();
    if (at <= 0 || (count != at && !(g_sticky.load() && count > at))) return false;
    errno = ENOMEM;
    return true;
}

__attribute__((destructor)) void write_count() {
    const char* log = std::getenv("CRASHLAB_MEMORY_LOG");
    if (log == nullptr) return;
    const int file = ::open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file < 0) return;
    char text[64];
    const int length = std::snprintf(text, sizeof text, "allocations=%ld\n", g_count.load());
    if (::write(file, text, static_cast<std::size_t>(length)) != length) ::_exit(2);
    ::close(file);
}

}  // namespace

extern "C" {

void* malloc(std::size_t size) {
    return fails() ? nullptr : __libc_malloc(size);
}

void* calloc(std::size_t count, std::size_t size) {
    return fails() ? nullptr : __libc_calloc(count, size);
}

void* realloc(void* block, std::size_t size) {
    return fails() ? nullptr : __libc_realloc(block, size);
}

void* aligned_alloc(std::size_t alignment, std::size_t size) {
    return fails() ? nullptr : __libc_memalign(alignment, size);
}

void* memalign(std::size_t alignment, std::size_t size) {
    return fails() ? nullptr : __libc_memalign(alignment, size);
}

int posix_memalign(void** block, std::size_t alignment, std::size_t size) {
    void* found = fails() ? nullptr : __libc_memalign(alignment, size);
    if (found == nullptr) return ENOMEM;
    *block = found;
    return 0;
}

}  // extern "C"
