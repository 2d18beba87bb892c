#include "unit/host/http_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>

namespace backout {
namespace {

std::size_t content_length(const std::string& request) {
    const std::size_t at = request.find("Content-Length: ");
    return at == std::string::npos ? 0 : static_cast<std::size_t>(std::atoi(request.c_str() + at + 16));
}

std::string hear(int connection) {
    std::string request;
    char buffer[4096];
    for (;;) {
        const std::size_t end = request.find("\r\n\r\n");
        if (end != std::string::npos && request.size() >= end + 4 + content_length(request)) return request;
        const ssize_t got = ::recv(connection, buffer, sizeof buffer, 0);
        if (got <= 0) return request;
        request.append(buffer, static_cast<std::size_t>(got));
    }
}

}  // namespace

HttpServer::HttpServer(Answer answer) : answer_(std::move(answer)), listener_(::socket(AF_INET, SOCK_STREAM, 0)) {
    struct sockaddr_in address {};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* plain = reinterpret_cast<struct sockaddr*>(&address);
    const bool up = ::bind(listener_, plain, size) == 0 && ::listen(listener_, 16) == 0 &&
                    ::getsockname(listener_, plain, &size) == 0;
    if (!up) std::abort();
    port_ = ntohs(address.sin_port);
    thread_ = std::thread([this] { serve(); });
}

HttpServer::~HttpServer() {
    ::shutdown(listener_, SHUT_RDWR);
    thread_.join();
    ::close(listener_);
}

void HttpServer::serve() {
    for (;;) {
        const int connection = ::accept(listener_, nullptr, nullptr);
        if (connection < 0) return;
        const std::string answer = answer_(hear(connection));
        for (std::size_t sent = 0; sent < answer.size();) {
            const ssize_t part = ::send(connection, answer.data() + sent, answer.size() - sent, MSG_NOSIGNAL);
            if (part <= 0) break;
            sent += static_cast<std::size_t>(part);
        }
        ::shutdown(connection, SHUT_WR);
        ::close(connection);
    }
}

std::string http_answer(int status, const std::string& body, const std::string& header_lines) {
    return "HTTP/1.1 " + std::to_string(status) + " X\r\nConnection: close\r\n" + header_lines +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace backout
