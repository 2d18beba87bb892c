#pragma once
// The real host: Linux. Puts the parts together; each part is a pair of files of its own.
// **Threads:** all functions may be called from several threads.

#include <memory>
#include <string>
#include <vector>

#include "host/host.h"
#include "host/posix_fd.h"

namespace backout {

class PosixHost final : public Host {
  public:
    /// `root_path` is the real path of what `root_fd` (O_PATH) holds open.
    PosixHost(UniqueFd root_fd, std::string root_path)
        : root_fd_(std::move(root_fd)), root_path_(std::move(root_path)) {}

    Result<Location> locate(const std::string& path) override;
    Result<std::shared_ptr<Directory>> open_directory(const std::string& path) override;
    Result<FileSystemInfo> file_system(Directory& directory) override;
    Status sync(const std::vector<SyncRequest>& requests) override;
    Status sync_everything() override;
    Result<ProcessOutcome> run(const ProcessSpec& spec) override;
    Result<HttpResponse> http(const HttpRequest& request, const StopToken* stop) override;
    Status connect_tcp(const std::string& host, int port, Nanoseconds timeout) override;
    std::uint32_t user_id() const override;
    std::uint32_t group_id() const override;
    bool has_group(std::uint32_t group) const override;
    Result<std::uint32_t> user_by_name(const std::string& name) override;
    Result<std::uint32_t> group_by_name(const std::string& name) override;
    std::string user_name(std::uint32_t uid) override;
    std::string group_name(std::uint32_t gid) override;
    std::string host_name() override;
    const std::string& root() const override { return root_path_; }

  private:
    bool inside_root() const { return root_path_ != "/"; }

    UniqueFd root_fd_;
    std::string root_path_;
};

}  // namespace backout
