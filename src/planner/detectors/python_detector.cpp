#include <nlohmann/json.hpp>
#include <string>

#include "compensators/argument_reader.h"
#include "compensators/program.h"
#include "planner/detectors/detector.h"

namespace backout {

namespace {

// Runs inside the interpreter in question, isolated (-I), without site (-S: no .pth file of the environment is
// executed) and without writing byte code (-B). Nothing of the environment is imported: versions come from metadata,
// torch's CUDA from the text of torch/version.py. Without site, sys.prefix is the base's, so a venv is told by its
// pyvenv.cfg.
const char* const kScript = R"python(
import json, os, re, sys, sysconfig
wanted = json.loads(sys.argv[1])
executable = os.path.abspath(sys.executable)
home = os.path.dirname(os.path.dirname(executable))
version = '.'.join(map(str, sys.version_info[:3]))
if sys.version_info[3] != 'final':
    version += {'alpha': 'a', 'beta': 'b', 'candidate': 'rc'}[sys.version_info[3]] + str(sys.version_info[4])
short = '%d.%d' % sys.version_info[:2]
if os.path.isfile(os.path.join(home, 'pyvenv.cfg')):
    kind, prefix = 'venv', home
elif os.path.isdir(os.path.join(sys.prefix, 'conda-meta')):
    kind, prefix = 'conda', sys.prefix
elif sys.prefix in ('/usr', '/usr/local', '/'):
    kind, prefix = 'system', sys.prefix
else:
    kind, prefix = 'portable', sys.prefix
if kind == 'venv':
    places = [os.path.join(prefix, name, 'python' + short, 'site-packages') for name in ('lib', 'lib64')]
else:
    places = [sysconfig.get_path('purelib'), sysconfig.get_path('platlib'),
              os.path.join(prefix, 'lib', 'python' + short, 'site-packages')]
    if kind == 'system':
        places += ['/usr/local/lib/python%s/dist-packages' % short, '/usr/lib/python3/dist-packages']
places = [place for place in dict.fromkeys(places) if place and os.path.isdir(place)]
def normal(name):
    return re.sub('[-_.]+', '-', name).lower()
def text_of(path):
    try:
        with open(path, encoding='utf-8', errors='replace') as file:
            return file.read(1 << 20)
    except OSError:
        return None
def version_of(package):
    for place in places:
        for name in sorted(os.listdir(place)):
            stem, ending = os.path.splitext(name)
            if ending not in ('.dist-info', '.egg-info') or normal(stem.split('-')[0]) != normal(package):
                continue
            for file in ('METADATA', 'PKG-INFO'):
                found = re.search(r'^Version:\s*(\S+)', text_of(os.path.join(place, name, file)) or '', re.M)
                if found:
                    return found.group(1)
    return None
def torch_cuda():
    for place in places:
        text = text_of(os.path.join(place, 'torch', 'version.py'))
        if text is not None:
            found = re.search(r'^cuda\b[^=\n]*=\s*[\'"]([^\'"]+)', text, re.M)
            return found.group(1) if found else None
    return None
implementation = sys.implementation.name
tag = {'cpython': 'cp', 'pypy': 'pp'}.get(implementation, 'py') + short.replace('.', '')
platform = re.sub('[-.]', '_', sysconfig.get_platform())
print(json.dumps({
    'exists': True, 'version': version, 'implementation': implementation, 'tag': tag, 'platform': platform,
    'tags': ['%s-%s-%s' % (tag, tag, platform), '%s-abi3-%s' % (tag, platform), 'py3-none-any'],
    'executable': executable, 'prefix': prefix, 'environment_type': kind, 'torch': version_of('torch'),
    'torch_cuda': torch_cuda(), 'packages': {name: version_of(name) for name in wanted}}))
)python";

const char* const kFields[] = {"version", "implementation",   "tag",   "platform",  "tags", "executable",
                               "prefix",  "environment_type", "torch", "torch_cuda"};

DetectorInfo make_info() {
    DetectorInfo info;
    info.name = "python";
    info.summary = "A Python and its environment, without importing anything from it";
    const Json text{{"type", "string"}};
    const Json texts{{"type", "array"}, {"items", text}};
    info.parameters = {{"env", "path", false, "a virtual environment; its bin/python is asked", text},
                       {"interpreter", "path", false, "an interpreter; \"python3\" if neither is given", text},
                       {"packages", "list of strings", false, "packages whose versions are wanted", texts}};
    info.fields = {{"exists", "false if there is no such interpreter; all else is null then"},
                   {"version", "\"3.11.2\""},
                   {"implementation", "\"cpython\""},
                   {"tag", "\"cp311\""},
                   {"platform", "\"linux_x86_64\""},
                   {"tags", "the three tags that matter most, best first"},
                   {"executable", "path of the interpreter"},
                   {"prefix", "folder of the environment"},
                   {"environment_type", "\"venv\", \"conda\", \"system\" or \"portable\""},
                   {"torch", "version of torch with its local part: \"2.9.1+cu130\""},
                   {"torch_cuda", "CUDA that torch was built with: \"13.0\""},
                   {"packages", "name → version, null if it isn't installed"}};
    return info;
}

Json missing_answer(const Json& packages) {
    Json answer{{"exists", false}, {"packages", Json::object()}};
    for (const char* field : kFields) answer[field] = nullptr;
    for (const Json& package : packages) answer["packages"][package.get<std::string>()] = nullptr;
    return answer;
}

class PythonDetector final : public Detector {
  public:
    const DetectorInfo& info() const override { return info_; }

    Result<Json> detect(const DetectRequest& request) const override {
        ArgumentReader reader(request.with);
        reader.only({"env", "interpreter", "packages"});
        const Json packages(reader.texts("packages"));
        const std::string interpreter = interpreter_of(reader, request.manifest_directory);
        BACKOUT_TRY(reader.finish());
        BACKOUT_TRY_ASSIGN(const ProcessOutcome outcome, request.host.run(question(interpreter, packages)));
        if (!outcome.started) return missing_answer(packages);
        auto answer = parse_json(outcome.output);
        if (outcome.succeeded() && answer.ok() && answer->is_object()) return answer;
        const std::string words = last_words(outcome);
        return Error{ErrorCode::failed,
                     "'" + interpreter + "' can't be asked about itself: " + outcome.summary() +
                         (words.empty() ? "" : ": " + words),
                     interpreter};
    }

  private:
    static std::string interpreter_of(ArgumentReader& reader, const std::string& directory) {
        const std::string env = reader.text("env");
        const std::string interpreter = reader.text("interpreter");
        if (!env.empty() && !interpreter.empty()) reader.complain("interpreter", "give it or \"env\", not both");
        if (!env.empty()) return absolute_path(directory, env) + "/bin/python";
        if (interpreter.empty()) return "python3";
        return interpreter.find('/') == std::string::npos ? interpreter : absolute_path(directory, interpreter);
    }

    static ProcessSpec question(const std::string& interpreter, const Json& packages) {
        ProcessSpec spec;
        spec.argv = {interpreter, "-I", "-S", "-B", "-c", kScript, dump_canonical(packages)};
        spec.environment = default_environment();
        spec.environment["PYTHONDONTWRITEBYTECODE"] = "1";
        spec.timeout = 60 * kSecond;
        return spec;
    }

    DetectorInfo info_ = make_info();
};

}  // namespace

std::unique_ptr<Detector> make_python_detector() {
    return std::make_unique<PythonDetector>();
}

}  // namespace backout
