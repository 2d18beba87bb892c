#pragma once
// A web server in a thread: hears one request a connection and answers with the bytes that a function makes of it.

#include <functional>
#include <string>
#include <thread>

namespace backout {

class HttpServer {
  public:
    using Answer = std::function<std::string(const std::string& request)>;

    explicit HttpServer(Answer answer);
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    int port() const { return port_; }
    std::string url(const std::string& path) const { return "http://127.0.0.1:" + std::to_string(port_) + path; }

  private:
    void serve();

    Answer answer_;
    int listener_ = -1;
    int port_ = 0;
    std::thread thread_;
};

/// "HTTP/1.1 STATUS X" with these header lines and this body.
std::string http_answer(int status, const std::string& body, const std::string& header_lines = "");

}  // namespace backout
