#pragma once
// A detector finds facts at plan time: it answers questions about the machine and never changes anything (P2). Its
// answer is part of the plan's state: asked again before a saved plan is executed, it must answer the same. So it
// answers what was asked, and nothing that changes by itself.

#include <memory>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "compensators/compensator.h"
#include "host/host.h"

namespace backout {

struct DetectRequest {
    const Json& with;                       ///< references resolved; never with templates
    const std::string& manifest_directory;  ///< relative paths are relative to it
    Host& host;
};

struct DetectorInfo {
    std::string name;
    std::string summary;
    std::vector<KindParameter> parameters;
    std::vector<std::pair<std::string, std::string>> fields;  ///< name and meaning
};

class Detector {
  public:
    virtual ~Detector() = default;
    virtual const DetectorInfo& info() const = 0;
    /// An object with all fields, null for what isn't there. Errors: `invalid` for wrong arguments; `failed` if it
    /// can't be found out.
    virtual Result<Json> detect(const DetectRequest& request) const = 0;
};

/// All detectors of a process. The composition root makes one; programs add their own.
class DetectorRegistry {
  public:
    /// Requires: no detector of that name is there.
    void add(std::unique_ptr<Detector> detector);
    const Detector* find(const std::string& name) const;
    std::vector<std::string> names() const;  ///< sorted

  private:
    std::vector<std::unique_ptr<Detector>> detectors_;
};

/// `os`, `python`, `file` and `command`.
DetectorRegistry make_builtin_detectors();

std::unique_ptr<Detector> make_os_detector();
std::unique_ptr<Detector> make_python_detector();
std::unique_ptr<Detector> make_file_detector();
std::unique_ptr<Detector> make_command_detector();

}  // namespace backout
