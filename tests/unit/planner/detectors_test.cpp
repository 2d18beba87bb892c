#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "host/mem_host.h"
#include "planner/detectors/detector.h"

namespace backout {
namespace {

using testing::HasSubstr;

Result<Json> ask(Host& host, const std::string& detector, const Json& with) {
    const DetectorRegistry detectors = make_builtin_detectors();
    return detectors.find(detector)->detect(DetectRequest{with, "/srv", host});
}

TEST(Detectors, AreFourAndHaveAFieldForEachMember) {
    const DetectorRegistry detectors = make_builtin_detectors();
    EXPECT_THAT(detectors.names(), testing::ElementsAre("command", "file", "os", "python"));
    EXPECT_EQ(detectors.find("nothing"), nullptr);
}

TEST(FileDetector, TellsWhatIsThere) {
    MemHost host;
    host.put_file("/srv/a", "text\n", 0640);
    const Json answer = *ask(host, "file", Json{{"path", "a"}});
    EXPECT_EQ(answer["exists"], true);
    EXPECT_EQ(answer["type"], "file");
    EXPECT_EQ(answer["mode"], "0640");
    EXPECT_EQ(answer["size"], 5);
    EXPECT_EQ(answer["text"], "text\n");
    host.put_symlink("/srv/l", "a");
    EXPECT_EQ((*ask(host, "file", Json{{"path", "/srv/l"}}))["link"], "a");
    host.put_file("/srv/binary", "\xff\xfe");
    EXPECT_TRUE((*ask(host, "file", Json{{"path", "/srv/binary"}}))["text"].is_null());
}

TEST(FileDetector, AnswersAbsenceWithAllFields) {
    MemHost host;
    const Json answer = *ask(host, "file", Json{{"path", "/no/such/place"}});
    EXPECT_EQ(answer["exists"], false);
    EXPECT_EQ(answer["type"], "absent");
    EXPECT_TRUE(answer["sha256"].is_null());
    EXPECT_EQ(ask(host, "file", Json{{"pth", "x"}}).error().code, ErrorCode::invalid);
}

TEST(OsDetector, ReadsOsRelease) {
    MemHost host;
    host.put_file("/usr/lib/os-release", "ID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME='Debian \"bookworm\"'\n");
    host.put_symlink("/etc/os-release", "../usr/lib/os-release");
    const Json answer = *ask(host, "os", Json::object());
    EXPECT_EQ(answer["id"], "debian");
    EXPECT_EQ(answer["version"], "12");
    EXPECT_EQ(answer["name"], "Debian \"bookworm\"");
    EXPECT_TRUE(answer["id_like"].is_null());
    EXPECT_EQ(answer["hostname"], "memory");
}

TEST(CommandDetector, TellsStatusTextAndJson) {
    MemHost host;
    host.add_program("ask", [](MemHost&, const ProcessSpec& spec) {
        ProcessOutcome outcome;
        outcome.started = true;
        outcome.exit_status = spec.argv.size() > 1 ? 3 : 0;
        outcome.output = "{\"a\": 1}\n";
        return outcome;
    });
    const Json answer = *ask(host, "command", Json{{"argv", {"ask"}}});
    EXPECT_EQ(answer["exit"], 0);
    EXPECT_EQ(answer["stdout"], "{\"a\": 1}");
    EXPECT_EQ(answer["json"]["a"], 1);
    EXPECT_EQ((*ask(host, "command", Json{{"argv", {"ask", "more"}}}))["exit"], 3);
    EXPECT_FALSE(ask(host, "command", Json::object()).ok());
}

class PythonDetectorOnDisk : public testing::Test {
  protected:
    void SetUp() override {
        char name[] = "/tmp/backout-python-XXXXXX";
        directory = mkdtemp(name);
        auto opened = open_posix_host("/");
        ASSERT_TRUE(opened.ok());
        host = std::move(*opened);
    }
    void TearDown() override { std::filesystem::remove_all(directory); }
    void write(const std::string& path, const std::string& text) {
        const std::filesystem::path whole = directory / path;
        std::filesystem::create_directories(whole.parent_path());
        std::ofstream(whole) << text;
    }
    // Enough of a virtual environment: a link to the interpreter, and the file that makes it one.
    void make_environment() {
        const Json base = *ask(*host, "python", Json::object());
        ASSERT_EQ(base["exists"], true);
        write("bin/keep", "");
        std::filesystem::create_symlink(base["executable"].get<std::string>(), directory / "bin/python");
        write("pyvenv.cfg", "home = /usr/bin\n");
        const std::string version = base["version"];
        site = "lib/python" + version.substr(0, version.rfind('.')) + "/site-packages/";
    }

    std::filesystem::path directory;
    std::unique_ptr<Host> host;
    std::string site;
};

TEST_F(PythonDetectorOnDisk, TellsVersionTagAndEnvironment) {
    make_environment();
    const Json answer = *ask(*host, "python", Json{{"env", directory.string()}});
    EXPECT_EQ(answer["environment_type"], "venv");
    EXPECT_EQ(answer["prefix"], directory.string());
    EXPECT_EQ(answer["implementation"], "cpython");
    EXPECT_THAT(answer["tag"].get<std::string>(), testing::StartsWith("cp3"));
    EXPECT_TRUE(answer["torch"].is_null());
    EXPECT_TRUE(answer["torch_cuda"].is_null());
}

TEST_F(PythonDetectorOnDisk, ReadsTorchWithoutImportingAnything) {
    make_environment();
    write(site + "torch-2.9.1+cu130.dist-info/METADATA", "Metadata-Version: 2.1\nName: torch\nVersion: 2.9.1+cu130\n");
    write(site + "torch/__init__.py", "open('" + (directory / "imported").string() + "', 'w')\n");
    write(site + "torch/version.py",
          "from typing import Optional\n__version__ = '2.9.1+cu130'\ncuda: Optional[str] = '13.0'\n");
    write(site + "evil.pth", "import os; open('" + (directory / "imported").string() + "', 'w')\n");
    const Json answer = *ask(*host, "python", Json{{"env", directory.string()}, {"packages", {"torch", "Triton_X"}}});
    EXPECT_EQ(answer["torch"], "2.9.1+cu130");
    EXPECT_EQ(answer["torch_cuda"], "13.0");
    EXPECT_EQ(answer["packages"]["torch"], "2.9.1+cu130");
    EXPECT_TRUE(answer["packages"]["Triton_X"].is_null());
    EXPECT_FALSE(std::filesystem::exists(directory / "imported"));
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
        EXPECT_NE(entry.path().filename(), "__pycache__");
    }
}

TEST_F(PythonDetectorOnDisk, AnswersAMissingInterpreterWithNulls) {
    const Json answer = *ask(*host, "python", Json{{"env", (directory / "none").string()}, {"packages", {"pip"}}});
    EXPECT_EQ(answer["exists"], false);
    EXPECT_TRUE(answer["version"].is_null());
    EXPECT_TRUE(answer["packages"]["pip"].is_null());
}

TEST_F(PythonDetectorOnDisk, RefusesBothWaysOfNamingOne) {
    auto answer = ask(*host, "python", Json{{"env", "/a"}, {"interpreter", "/b"}});
    ASSERT_FALSE(answer.ok());
    EXPECT_THAT(answer.error().text(), HasSubstr("not both"));
}

}  // namespace
}  // namespace backout
