#include "compensators/archive_extract_source.h"

#include <algorithm>

namespace backout {

namespace {

constexpr std::uint64_t kMostPredictedBytes = 256U << 20;  // of an archive that an earlier step will have written

/// An archive that only a prediction holds.
class BytesFile final : public InputFile {
  public:
    explicit BytesFile(Bytes bytes) : bytes_(std::move(bytes)) {}
    Result<Bytes> read(std::uint64_t offset, std::size_t limit) override {
        return offset >= bytes_.size() ? Bytes() : bytes_.substr(static_cast<std::size_t>(offset), limit);
    }
    Result<FileStatus> status() override {
        FileStatus status;
        status.type = EntryType::file;
        status.size = bytes_.size();
        return status;
    }
    Result<std::pair<std::uint64_t, std::uint64_t>> next_data(std::uint64_t offset) override {
        return std::pair<std::uint64_t, std::uint64_t>(std::min<std::uint64_t>(offset, bytes_.size()), bytes_.size());
    }

  private:
    Bytes bytes_;
};

}  // namespace

Result<std::unique_ptr<InputFile>> open_archive(PlanRequest& request, const std::string& path,
                                                const EntryState& state) {
    const auto place = request.host.locate(path);
    if (place) {
        auto file = place->directory->open_read(place->name);
        if (file) {
            BACKOUT_TRY_ASSIGN(const std::string digest, digest_file(**file));
            if (digest == state.content) return file;
        }
    }
    BACKOUT_TRY_ASSIGN(Bytes bytes, request.world.read(path, kMostPredictedBytes));
    return std::unique_ptr<InputFile>(std::make_unique<BytesFile>(std::move(bytes)));
}

}  // namespace backout
