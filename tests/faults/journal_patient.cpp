#include "faults/journal_patient.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "faults/naive_journal.h"
#include "journal/lease.h"

namespace backout {

namespace {

/// What a commit or two may reach behind the pages in use.
constexpr std::size_t kReach = 1U << 18;
constexpr std::size_t kAnswersOfARun = 3;

bool is_damage(const Answer& answer) {
    return answer.error && answer.code == ErrorCode::journal;
}

/// Compares with what was right; gives how many were refused.
std::size_t compare(const std::vector<Answer>& found, const std::vector<Answer>& right, const char* who,
                    std::string& wrong) {
    std::size_t refused = 0;
    for (std::size_t i = 0; i < right.size(); ++i) {
        const Answer& one = i < found.size() ? found[i] : found.back();
        if (one == right[i]) continue;
        ++refused;
        if (is_damage(one)) continue;
        wrong = std::string(who) + " answers question " + std::to_string(i) + " by " +
                (one.error ? to_string(one.code) : "") + " '" + one.text.substr(0, 200) + "' instead of '" +
                right[i].text.substr(0, 200) + "'";
    }
    return refused;
}

Result<std::uint64_t> begin_another(JournalStore& journal) {
    NewRun run;
    run.name = "after-damage";
    run.plan_id = "after damage";
    run.plan = "{}";
    run.plan_digest = std::string(64, '0');
    run.steps = 1;
    run.time = 5;
    run.random = "zzzz";
    BACKOUT_TRY_ASSIGN(const RunSummary begun, journal.begin_run(run));
    return begun.number;
}

void must_be_damage(const char* what, const Error& error, std::string& wrong) {
    if (error.code != ErrorCode::journal) wrong = std::string(what) + " is refused by " + error.text();
}

}  // namespace

void Patient::make() const {
    std::filesystem::create_directories(state_);
    std::filesystem::permissions(state_, std::filesystem::perms::owner_all);
    for (const auto& [name, content] : sound_.files) mend(name);
}

Kind Patient::try_one(const Damage& damage, std::string& wrong) {
    inflict(damage);
    const Kind kind = naive_ ? judge_naive(wrong) : judge(damage, wrong);
    mend(damage.file);
    if (written_) {
        for (const char* name : {"data.mdb", "head"}) mend(name);
        written_ = false;
    }
    return wrong.empty() ? kind : was_wrong;
}

JournalOptions Patient::journal_options() const {
    JournalOptions options;
    options.state_directory = state_;
    if (in_place_) options.copy_limit = 0;
    return options;
}

void Patient::put(const std::string& name, std::size_t at, const Bytes& bytes) const {
    const int fd = ::open(path(name).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    if (::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(at)) < 0) std::perror("pwrite");
    ::close(fd);
}

void Patient::inflict(const Damage& damage) const {
    for (const auto& [at, bytes] : damage.puts) put(damage.file, at, bytes);
    if (damage.size == ~std::size_t{0}) return;
    if (::truncate(path(damage.file).c_str(), static_cast<off_t>(damage.size)) != 0) std::perror("truncate");
}

void Patient::mend(const std::string& name) const {
    const Bytes& content = sound_.files.at(name);
    put(name, 0, name == "data.mdb" ? content.substr(0, sound_.used + kReach) : content);
    if (::truncate(path(name).c_str(), static_cast<off_t>(content.size())) != 0) std::perror("truncate");
}

Kind Patient::judge_naive(std::string& wrong) const {
    return compare(naive_answers(state_), sound_.naive, "a naive reader", wrong) == 0 ? same : refused_in_part;
}

Kind Patient::judge(const Damage& damage, std::string& wrong) {
    if (damage.file == "lease") judge_lease(wrong);
    const Kind reading = judge_open(open_journal_for_reading(journal_options()), "a reader", wrong);
    if (reading != same) judge_doctor(wrong);
    if (!wrong.empty()) return was_wrong;
    SystemIdSource ids;
    auto opened = open_journal(journal_options(), ids);
    const Kind writing = judge_open(opened, "an executor", wrong);
    if (opened.ok() && wrong.empty()) append(std::move(opened).value(), wrong);
    return std::max(reading, writing);
}

/// Whatever stands there is no more than a hint; it must not end anybody.
void Patient::judge_lease(std::string& wrong) const {
    const auto holder = lease_holder(state_);
    if (holder.ok() && *holder) wrong = "the lease is said to be held";
    static_cast<void>(child_at_work(state_));
}

Kind Patient::judge_open(const Result<std::unique_ptr<JournalStore>>& opened, const char* who,
                         std::string& wrong) const {
    if (opened.ok()) {
        const auto found = ask(**opened, sound_.questions);
        return compare(found, sound_.right, who, wrong) == 0 ? same : refused_in_part;
    }
    if (opened.error().code != ErrorCode::journal) {
        wrong = std::string(who) + " is refused by " + to_string(opened.error().code) + " " + opened.error().text();
    }
    return refused_at_open;
}

/// What refuses an answer is found by who looks at everything.
void Patient::judge_doctor(std::string& wrong) const {
    const auto findings = check_journal(journal_options());
    if (!findings.ok()) wrong = "the doctor can't look: " + findings.error().text();
    if (findings.ok() && findings->empty()) wrong = "the doctor finds nothing, yet an answer is refused";
    if (findings.ok() && !findings->empty() && findings->front().find("ends by") != std::string::npos) {
        wrong = "the doctor is killed: " + findings->front();
    }
}

/// What is acknowledged is there afterwards, in a journal that somebody wrote to in spite of damage.
void Patient::append(std::unique_ptr<JournalStore> journal, std::string& wrong) {
    const auto unfinished = journal->unfinished();
    if (!unfinished.ok()) return;
    written_ = true;
    const auto run = *unfinished ? Result<std::uint64_t>((*unfinished)->number) : begin_another(*journal);
    if (!run.ok()) return must_be_damage("begin_run", run.error(), wrong);
    std::vector<Record> records(1);
    records[0].type = RecordType::step_output;
    records[0].body = Json{{"stream", "stdout"}, {"text", "appended"}};
    records[0].time = 7;
    const Status appended = journal->append(*run, records);
    if (!appended.ok()) return must_be_damage("append", appended.error(), wrong);
    journal.reset();
    look_again(*run, records[0], wrong);
}

void Patient::look_again(std::uint64_t run, const Record& appended, std::string& wrong) const {
    const auto reading = open_journal_for_reading(journal_options());
    const auto read = reading.ok() ? (*reading)->records(run) : Result<std::vector<Record>>(reading.error());
    if (!read.ok() || read->empty() || read->back().body != appended.body) {
        wrong = "what was appended isn't there: " + (read.ok() ? "another record is" : read.error().text());
        return;
    }
    compare_others(**reading, run, wrong);
}

/// The runs that were there before are what they were, or are refused.
void Patient::compare_others(JournalStore& journal, std::uint64_t run, std::string& wrong) const {
    Questions questions = sound_.questions;
    questions.names.clear();
    questions.plan_ids.clear();
    const auto found = ask(journal, questions);
    const std::size_t first = found.size() - kAnswersOfARun * questions.numbers.size();
    for (std::size_t i = first; i < found.size(); ++i) {
        if (questions.numbers[(i - first) / kAnswersOfARun] == run) continue;
        if (found[i] == sound_.right[i] || is_damage(found[i])) continue;
        wrong = "after an append, question " + std::to_string(i) + " is answered by " + found[i].text.substr(0, 200);
    }
}

}  // namespace backout
