// Whether somebody listens at a port.

#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <memory>

#include "base/bytes.h"
#include "host/posix_fd.h"
#include "host/posix_http.h"

namespace backout {
namespace {

struct FreeAddresses {
    void operator()(struct addrinfo* addresses) const { ::freeaddrinfo(addresses); }
};

/// 0, or the errno of the attempt.
int try_address(const struct addrinfo& address, Nanoseconds end) {
    const UniqueFd socket(::socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket.valid()) return errno;
    if (::connect(socket.get(), address.ai_addr, address.ai_addrlen) == 0) return 0;
    if (errno != EINPROGRESS) return errno;
    SystemClock clock;
    struct pollfd polled {
        socket.get(), POLLOUT, 0
    };
    for (;;) {
        const Nanoseconds left = end - clock.monotonic();
        if (left <= 0) return ETIMEDOUT;
        const Nanoseconds slice = std::min(left, 3600 * kSecond);
        const int ready = ::poll(&polled, 1, static_cast<int>((slice + kMillisecond - 1) / kMillisecond));
        if (ready < 0 && errno != EINTR) return errno;
        if (ready > 0) break;
    }
    int error_number = 0;
    socklen_t size = sizeof error_number;
    if (::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &error_number, &size) != 0) return errno;
    return error_number;
}

}  // namespace

/// The time of the name service comes on top of `timeout`: it has limits of its own.
Status posix_connect_tcp(const std::string& host, int port, Nanoseconds timeout) {
    const std::string shown = printable(host) + ":" + std::to_string(port);
    if (host.empty() || host.find('\0') != std::string::npos || port < 1 || port > 65535) {
        return Error{ErrorCode::invalid, "'" + shown + "' is no address: a host and a port from 1 to 65535", shown};
    }
    struct addrinfo hints {};
    hints.ai_socktype = SOCK_STREAM;
    struct addrinfo* found = nullptr;
    const int looked_up = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
    if (looked_up != 0) return Error{ErrorCode::io, shown + ": " + ::gai_strerror(looked_up), shown};
    const std::unique_ptr<struct addrinfo, FreeAddresses> addresses(found);
    SystemClock clock;
    const Nanoseconds end = clock.monotonic() + timeout;
    int error_number = EHOSTUNREACH;
    for (const struct addrinfo* address = found; address != nullptr; address = address->ai_next) {
        error_number = try_address(*address, end);
        if (error_number == 0) return {};
    }
    return system_error(error_number, "connect to", shown);
}

}  // namespace backout
