#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>

#include "base/bytes.h"
#include "compensators/argument_reader.h"
#include "compensators/entry_state.h"
#include "planner/detectors/detector.h"

namespace backout {

namespace {

constexpr std::uint64_t kMostTextBytes = 64U << 10U;

DetectorInfo make_info() {
    DetectorInfo info;
    info.name = "file";
    info.summary = "An entry of the file system, links not followed";
    info.parameters = {{"path", "path", true, "what to look at", Json{{"type", "string"}}}};
    info.fields = {{"exists", "true or false"},
                   {"type", "\"file\", \"directory\", \"symlink\", …, or \"absent\""},
                   {"mode", "permissions in octal: \"0644\""},
                   {"owner", "name of the owner"},
                   {"group", "name of the group"},
                   {"size", "bytes, of a file"},
                   {"sha256", "digest, of a file"},
                   {"link", "text of a symbolic link"},
                   {"text", "content of a file of at most 64 KiB of UTF-8"}};
    return info;
}

Json empty_answer() {
    return Json{{"exists", false}, {"type", "absent"}, {"mode", nullptr},   {"owner", nullptr}, {"group", nullptr},
                {"size", nullptr}, {"link", nullptr},  {"sha256", nullptr}, {"text", nullptr}};
}

std::string octal(std::uint32_t mode) {
    char text[8];
    std::snprintf(text, sizeof text, "%04o", mode & 07777U);
    return text;
}

Result<Json> describe(Host& host, const Location& location) {
    BACKOUT_TRY_ASSIGN(const EntryState state, capture_state(*location.directory, location.name));
    Json answer = empty_answer();
    if (!state.present()) return answer;
    answer["exists"] = true;
    answer["type"] = to_string(state.type);
    answer["mode"] = octal(state.mode);
    answer["owner"] = host.user_name(state.uid);
    answer["group"] = host.group_name(state.gid);
    if (state.type == EntryType::symlink) answer["link"] = state.link;
    if (state.type != EntryType::file) return answer;
    answer["size"] = state.size;
    answer["sha256"] = state.content;
    if (state.size > kMostTextBytes) return answer;
    BACKOUT_TRY_ASSIGN(const auto file, location.directory->open_read(location.name));
    BACKOUT_TRY_ASSIGN(const Bytes content, read_all(*file, kMostTextBytes));
    if (is_utf8(content)) answer["text"] = content;
    return answer;
}

class FileDetector final : public Detector {
  public:
    const DetectorInfo& info() const override { return info_; }

    Result<Json> detect(const DetectRequest& request) const override {
        ArgumentReader reader(request.with);
        reader.only({"path"});
        reader.require("path");
        const std::string path = reader.text("path");
        BACKOUT_TRY(reader.finish());
        auto location = request.host.locate(absolute_path(request.manifest_directory, path));
        if (location.ok()) return describe(request.host, *location);
        if (location.error().code == ErrorCode::not_found) return empty_answer();
        return std::move(location).error();
    }

  private:
    DetectorInfo info_ = make_info();
};

}  // namespace

std::unique_ptr<Detector> make_file_detector() {
    return std::make_unique<FileDetector>();
}

}  // namespace backout
