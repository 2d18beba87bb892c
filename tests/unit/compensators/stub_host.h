#pragma once
// A real host with a doctored network and doctored programs, and a clock that only moves when somebody sleeps.

#include <deque>
#include <functional>
#include <memory>

#include "base/clock.h"
#include "host/host.h"

namespace backout {

class StubHost final : public Host {
  public:
    explicit StubHost(Host& real) : real_(real) {}

    std::function<Result<ProcessOutcome>(const ProcessSpec&)> on_run = {};
    std::function<Result<HttpResponse>(const HttpRequest&)> on_http = {};
    std::function<Status(const std::string&, int)> on_connect = {};
    std::vector<ProcessSpec> runs = {};

    Result<Location> locate(const std::string& path) override { return real_.locate(path); }
    Result<std::shared_ptr<Directory>> open_directory(const std::string& path) override {
        return real_.open_directory(path);
    }
    Result<FileSystemInfo> file_system(Directory& directory) override { return real_.file_system(directory); }
    Status sync(const std::vector<SyncRequest>& requests) override { return real_.sync(requests); }
    Status sync_everything() override { return {}; }
    Result<ProcessOutcome> run(const ProcessSpec& spec) override {
        runs.push_back(spec);
        return on_run ? on_run(spec) : real_.run(spec);
    }
    Result<HttpResponse> http(const HttpRequest& request, const StopToken* stop) override {
        return on_http ? on_http(request) : real_.http(request, stop);
    }
    Status connect_tcp(const std::string& host, int port, Nanoseconds timeout) override {
        return on_connect ? on_connect(host, port) : real_.connect_tcp(host, port, timeout);
    }
    std::uint32_t user_id() const override { return real_.user_id(); }
    std::uint32_t group_id() const override { return real_.group_id(); }
    bool has_group(std::uint32_t group) const override { return real_.has_group(group); }
    Result<std::uint32_t> user_by_name(const std::string& name) override { return real_.user_by_name(name); }
    Result<std::uint32_t> group_by_name(const std::string& name) override { return real_.group_by_name(name); }
    std::string user_name(std::uint32_t uid) override { return real_.user_name(uid); }
    std::string group_name(std::uint32_t gid) override { return real_.group_name(gid); }
    std::string host_name() override { return "stub"; }
    const std::string& root() const override { return real_.root(); }

  private:
    Host& real_;
};

class StubClock final : public Clock {
  public:
    UnixNanoseconds now() override { return time; }
    Nanoseconds monotonic() override { return time; }
    void sleep(Nanoseconds duration) override {
        time += duration;
        if (on_sleep) on_sleep();
    }
    Nanoseconds time = 1000 * kSecond;
    std::function<void()> on_sleep = {};
};

}  // namespace backout
