#pragma once
// Directories and files of a MemHost: handles by inode, so they stay valid when names move, and die with a power cut.

#include <string>

#include "host/directory.h"
#include "host/mem_host.h"

namespace backout {

class MemDirectory final : public Directory, public std::enable_shared_from_this<MemDirectory> {
  public:
    MemDirectory(MemHost& host, InodeId id, std::string path)
        : host_(host), id_(id), generation_(host.generation_), path_(std::move(path)) {}

    InodeId id() const { return id_; }

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
    using Lock = std::lock_guard<std::recursive_mutex>;

    /// A name here and a name there, both looked up.
    struct Pair {
        InodeId source = 0;
        InodeId target = 0;  ///< 0: absent
    };

    std::string path_of(const std::string& name) const;
    MemNode& self() { return host_.state_.node(id_); }
    Error failure(int error_number, const std::string& call, const std::string& name) const;
    Status alive() const;
    /// The inode of an entry, mounts not crossed. 0: absent.
    Result<InodeId> find(const std::string& name);
    Result<InodeId> find_present(const std::string& name);
    /// Announces, then checks that entries may be added here.
    Status prepare_add(const std::string& what, const std::string& name);
    Result<InodeId> add(const std::string& name, EntryType type, std::uint32_t mode);
    /// Whether an entry may leave its place: flags, mounts, read-only file systems.
    Status check_leave(const std::string& name, InodeId entry);
    Status check_writable(const std::string& name);
    Result<Pair> prepare_move(const std::string& what, const std::string& name, MemDirectory& other,
                              const std::string& other_name);
    Status check_replaced(InodeId source, InodeId target, const std::string& target_path);
    bool lies_within(InodeId directory) const;
    Status remove(const std::string& name, bool directory);
    Status set_attributes_of(InodeId entry, const std::string& path, const AttributeChange& change);
    void touch(InodeId directory);

    MemHost& host_;
    InodeId id_;
    std::uint64_t generation_;
    std::string path_;
};

}  // namespace backout
