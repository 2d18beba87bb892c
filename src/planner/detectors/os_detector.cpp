#include <nlohmann/json.hpp>
#include <sstream>
#include <string>

#include "compensators/argument_reader.h"
#include "planner/detectors/detector.h"

namespace backout {

namespace {

constexpr std::uint64_t kMostReleaseBytes = 64U << 10U;

DetectorInfo make_info() {
    DetectorInfo info;
    info.name = "os";
    info.summary = "The operating system: from os-release, uname and the host's name";
    info.fields = {{"id", "distribution, as in os-release: \"debian\""},
                   {"id_like", "distributions it descends from, or null"},
                   {"version", "VERSION_ID: \"12\""},
                   {"name", "PRETTY_NAME"},
                   {"kernel", "release of the kernel: \"6.1.0-28-amd64\""},
                   {"arch", "machine: \"x86_64\""},
                   {"hostname", "name of the host"}};
    return info;
}

// A value of os-release: bare, or in quotes with backslashes.
std::string unquoted(const std::string& value) {
    if (value.size() < 2 || (value[0] != '"' && value[0] != '\'') || value.back() != value[0]) return value;
    std::string text;
    for (std::size_t at = 1; at + 1 < value.size(); ++at) {
        if (value[at] == '\\' && value[0] == '"' && at + 2 < value.size()) ++at;
        text += value[at];
    }
    return text;
}

Json release_field(const std::string& text, const std::string& name) {
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (line.rfind(name + "=", 0) == 0) return unquoted(line.substr(name.size() + 1));
    }
    return nullptr;
}

// /etc/os-release is a link to the other one on most systems, and links aren't followed here.
std::string release_text(Host& host) {
    for (const char* path : {"/etc/os-release", "/usr/lib/os-release"}) {
        auto text = read_file(host, path, kMostReleaseBytes);
        if (text.ok()) return std::move(text).value();
    }
    return {};
}

Json uname(Host& host, const char* option) {
    ProcessSpec spec;
    spec.argv = {"uname", option};
    spec.environment = default_environment();
    spec.timeout = 10 * kSecond;
    auto outcome = host.run(spec);
    if (!outcome.ok() || !outcome->succeeded()) return nullptr;
    const std::string word = outcome->output.substr(0, outcome->output.find('\n'));
    return word.empty() ? Json(nullptr) : Json(word);
}

class OsDetector final : public Detector {
  public:
    const DetectorInfo& info() const override { return info_; }

    Result<Json> detect(const DetectRequest& request) const override {
        ArgumentReader reader(request.with);
        reader.only({});
        BACKOUT_TRY(reader.finish());
        const std::string text = release_text(request.host);
        return Json{{"id", release_field(text, "ID")},
                    {"id_like", release_field(text, "ID_LIKE")},
                    {"version", release_field(text, "VERSION_ID")},
                    {"name", release_field(text, "PRETTY_NAME")},
                    {"kernel", uname(request.host, "-r")},
                    {"arch", uname(request.host, "-m")},
                    {"hostname", request.host.host_name()}};
    }

  private:
    DetectorInfo info_ = make_info();
};

}  // namespace

std::unique_ptr<Detector> make_os_detector() {
    return std::make_unique<OsDetector>();
}

}  // namespace backout
