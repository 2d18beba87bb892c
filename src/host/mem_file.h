#pragma once
// Open files of a MemHost. They see the inode, whatever becomes of its names.

#include <string>

#include "host/mem_host.h"

namespace backout {

class MemInputFile final : public InputFile {
  public:
    MemInputFile(MemHost& host, InodeId id, std::string path)
        : host_(host), id_(id), generation_(host.generation_), path_(std::move(path)) {}

    Result<Bytes> read(std::uint64_t offset, std::size_t limit) override;
    Result<FileStatus> status() override;
    Result<std::pair<std::uint64_t, std::uint64_t>> next_data(std::uint64_t offset) override;

  private:
    Status alive() const;

    MemHost& host_;
    InodeId id_;
    std::uint64_t generation_;
    std::string path_;
};

class MemOutputFile final : public OutputFile {
  public:
    MemOutputFile(MemHost& host, InodeId id, std::string path)
        : host_(host), id_(id), generation_(host.generation_), path_(std::move(path)) {}

    Status write(std::string_view bytes) override;
    Status write_at(std::uint64_t offset, std::string_view bytes) override;
    Status set_size(std::uint64_t size) override;
    Status reserve(std::uint64_t size) override;
    Status close() override;

  private:
    Status begin(const std::string& what);
    Bytes content() const;
    void store(Bytes content);

    MemHost& host_;
    InodeId id_;
    std::uint64_t generation_;
    std::string path_;
    bool open_ = true;
};

}  // namespace backout
