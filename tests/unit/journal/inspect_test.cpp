// The tool as people call it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>

#include "unit/journal/disk_journal.h"
#include "unit/journal/temporary_directory.h"

namespace backout {
namespace {

using ::testing::HasSubstr;

struct Answer {
    int exit_status = -1;
    std::string output = {};
};

Answer inspect(const std::string& arguments) {
    Answer answer;
    const std::string command = "'" + std::string(JOURNAL_INSPECT) + "' " + arguments + " 2>&1";
    FILE* const stream = ::popen(command.c_str(), "r");
    char buffer[4096];
    for (std::size_t done = 0; (done = ::fread(buffer, 1, sizeof buffer, stream)) > 0;)
        answer.output.append(buffer, done);
    answer.exit_status = WEXITSTATUS(::pclose(stream));
    return answer;
}

TEST(JournalInspect, ShowsRunsRecordsAndSoundness) {
    TemporaryDirectory directory;
    const std::string state = directory / "state";
    fill_journal(*open_or_fail(state));
    const Answer runs = inspect(state);
    EXPECT_EQ(runs.exit_status, 0);
    EXPECT_THAT(runs.output, HasSubstr("r-4-k3f9"));
    const Answer records = inspect(state + " 4");
    EXPECT_THAT(records.output, HasSubstr("step_intended  step 2"));
    EXPECT_THAT(records.output, HasSubstr("step 2: in_doubt"));
    const auto json = parse_json(inspect("--json " + state + " r-1").output);
    ASSERT_TRUE(json.ok());
    EXPECT_EQ((*json)["records"].size(), 6U);
    EXPECT_EQ((*json)["run"]["phase"], "committed");
    EXPECT_EQ(inspect("--check " + state).output, "sound\n");
    EXPECT_EQ(inspect(state + " r-77").exit_status, 64);
    EXPECT_EQ(inspect("").exit_status, 64);
    EXPECT_EQ(inspect(directory / "absent").exit_status, 64);
}

TEST(JournalInspect, TellsDamage) {
    TemporaryDirectory directory;
    const std::string state = directory / "state";
    fill_journal(*open_or_fail(state));
    Bytes data = read_whole(state + "/data.mdb");
    for (std::size_t at = 9 * 4096; at < 30 * 4096 && at < data.size(); at += 64)
        data[at] = static_cast<char>(data[at] ^ 1);
    write_whole(state + "/data.mdb", data);
    EXPECT_EQ(inspect("--check " + state).exit_status, 74);
    EXPECT_EQ(inspect(state).exit_status, 74);
    EXPECT_THAT(inspect("--json --check " + state).output, HasSubstr("\"sound\": false"));
}

}  // namespace
}  // namespace backout
