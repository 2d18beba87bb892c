#pragma once
// A MemHost as it is, or one that says "synced" of what it didn't sync: the harness must find that out.

#include <memory>
#include <string>
#include <vector>

#include "host/mem_host.h"

namespace backout::simulation {

class ForgetfulHost final : public Host {
  public:
    ForgetfulHost(MemHost& inner, bool forgets_content, bool forgets_names)
        : inner_(inner), forgets_content_(forgets_content), forgets_names_(forgets_names) {}

    Status sync(const std::vector<SyncRequest>& requests) override {
        std::vector<SyncRequest> kept;
        for (const SyncRequest& one : requests) {
            const bool names = one.what == SyncRequest::What::names;
            if (!(names ? forgets_names_ : forgets_content_)) kept.push_back(one);
        }
        return inner_.sync(kept);
    }
    Status sync_everything() override { return inner_.sync_everything(); }
    Result<Location> locate(const std::string& path) override { return inner_.locate(path); }
    Result<std::shared_ptr<Directory>> open_directory(const std::string& path) override {
        return inner_.open_directory(path);
    }
    Result<FileSystemInfo> file_system(Directory& directory) override { return inner_.file_system(directory); }
    Result<ProcessOutcome> run(const ProcessSpec& spec) override { return inner_.run(spec); }
    Result<HttpResponse> http(const HttpRequest& request, const StopToken* stop) override {
        return inner_.http(request, stop);
    }
    Status connect_tcp(const std::string& host, int port, Nanoseconds timeout) override {
        return inner_.connect_tcp(host, port, timeout);
    }
    std::uint32_t user_id() const override { return inner_.user_id(); }
    Result<std::uint32_t> user_by_name(const std::string& name) override { return inner_.user_by_name(name); }
    Result<std::uint32_t> group_by_name(const std::string& name) override { return inner_.group_by_name(name); }
    std::string user_name(std::uint32_t uid) override { return inner_.user_name(uid); }
    std::string group_name(std::uint32_t gid) override { return inner_.group_name(gid); }
    std::string host_name() override { return inner_.host_name(); }
    const std::string& root() const override { return inner_.root(); }

  private:
    MemHost& inner_;
    bool forgets_content_;
    bool forgets_names_;
};

}  // namespace backout::simulation
