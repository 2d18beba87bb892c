#pragma once
// Files that a PosixDirectory opened. No buffers of their own: what was written is in the kernel at once.

#include <string>

#include "host/directory.h"
#include "host/posix_fd.h"

namespace backout {

class PosixInputFile final : public InputFile {
  public:
    PosixInputFile(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

    Result<Bytes> read(std::uint64_t offset, std::size_t limit) override;
    Result<FileStatus> status() override;
    Result<std::pair<std::uint64_t, std::uint64_t>> next_data(std::uint64_t offset) override;

  private:
    UniqueFd fd_;
    std::string path_;
};

class PosixOutputFile final : public OutputFile {
  public:
    PosixOutputFile(UniqueFd fd, std::string path) : fd_(std::move(fd)), path_(std::move(path)) {}

    Status write(std::string_view bytes) override;
    Status write_at(std::uint64_t offset, std::string_view bytes) override;
    Status set_size(std::uint64_t size) override;
    Status reserve(std::uint64_t size) override;
    Status close() override;

  private:
    UniqueFd fd_;
    std::string path_;
    std::uint64_t end_ = 0;  ///< where write() goes on
};

}  // namespace backout
