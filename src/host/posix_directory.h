#pragma once
// A real directory, held open by a descriptor. Where it may be entered but not read, the descriptor is O_PATH, and
// list() and sync() say `not_permitted`.

#include <memory>
#include <string>
#include <vector>

#include "host/directory.h"
#include "host/posix_fd.h"
#include "host/posix_status.h"

namespace backout {

struct EntryHandle;

class PosixDirectory final : public Directory {
  public:
    /// From an O_PATH descriptor of a directory, reopened for reading where that is allowed.
    static Result<std::shared_ptr<Directory>> from_path_fd(UniqueFd fd, std::string path);

    PosixDirectory(UniqueFd fd, bool readable, std::string path)
        : fd_(std::move(fd)), readable_(readable), path_(std::move(path)) {}

    int fd() const { return fd_.get(); }

    const std::string& path() const override { return path_; }
    Result<FileStatus> own_status() override;
    Result<FileStatus> status(const std::string& name) override;
    Result<std::string> read_link(const std::string& name) override;
    Result<ExtendedAttributes> xattrs(const std::string& name) override;
    Result<std::uint32_t> flags(const std::string& name) override;
    Result<std::vector<std::string>> list() override;
    Result<std::unique_ptr<InputFile>> open_read(const std::string& name) override;
    Result<std::unique_ptr<OutputFile>> create(const std::string& name, std::uint32_t mode) override;
    Result<std::shared_ptr<Directory>> open_directory(const std::string& name) override;
    Status make_directory(const std::string& name, std::uint32_t mode) override;
    Status make_symlink(const std::string& name, const std::string& target) override;
    Status make_link(const std::string& name, Directory& existing, const std::string& existing_name) override;
    Status make_special(const std::string& name, EntryType type, std::uint32_t mode, std::uint64_t device) override;
    Status exchange(const std::string& name, Directory& other, const std::string& other_name) override;
    Status move_to(const std::string& name, Directory& other, const std::string& other_name) override;
    Status replace_to(const std::string& name, Directory& other, const std::string& other_name) override;
    Status remove_file(const std::string& name) override;
    Status remove_directory(const std::string& name) override;
    Status set_attributes(const std::string& name, const AttributeChange& change) override;
    Status set_own_attributes(const AttributeChange& change) override;
    Status sync() override;
    Status sync_file(const std::string& name) override;

  private:
    std::string path_of(const std::string& name) const { return join_path(path_, name); }
    Result<PosixStatus> entry_status(const std::string& name);
    Status move_without_noreplace(const std::string& name, PosixDirectory& other, const std::string& other_name);
    Status set_exact_mode(const std::string& name, EntryType type, std::uint32_t mode);
    Status sync_file_system(const std::string& path);

    UniqueFd fd_;
    bool readable_;
    std::string path_;
};

/// The directory as what every directory of a PosixHost is. Requires: it came from one.
PosixDirectory& posix(Directory& directory);

}  // namespace backout
