// Damages a journal in every way of journal_damage.h, opens it each time as a reader and as an executor do, and asks it
// everything. Right is: the same answers as before, or an error `journal`. Wrong is: another answer, another error, a
// signal, a hang, an acknowledged append that isn't there, a doctor who finds nothing where an answer was refused.
//
//   journal_sweep --state DIR --work DIR [--older FILE]… [--bits N] [--most N] [--seed N] [--jobs N] [--in-place]
//   [--naive]
//
// DIR is the state directory of a journal that is sound; it is copied, and not changed. --most: of each row of damages
// so many, picked by the seed; without it all. --bits: the same for the bits of
// data.mdb. --naive: judges a reader without checks, to prove the sweep.

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <random>

#include "faults/journal_damage.h"
#include "faults/journal_patient.h"
#include "faults/naive_journal.h"
#include "faults/watched_worker.h"
#include "journal/lmdb_pages.h"
#include "journal/open.h"

namespace backout {
namespace {

constexpr unsigned kSeconds = 60;  // a busy machine isn't a hang
constexpr std::size_t kMostWrong = 20;
constexpr const char* kFiles[] = {"data.mdb", "head", "marker", "lock.mdb", "lease"};
struct Options {
    std::string state;
    std::string work;
    std::vector<std::string> older;
    std::size_t most = ~std::size_t{0};
    std::size_t bits = ~std::size_t{0};
    std::uint64_t seed = 1;
    std::size_t jobs = 2;
    bool in_place = false;
    bool naive = false;
    std::string only;
};

Bytes read_whole(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
}

bool look_at_sound(const Options& options, Sound& sound) {
    for (const char* name : kFiles) sound.files[name] = read_whole(options.state + "/" + name);
    const Bytes& data = sound.files["data.mdb"];
    const auto metas = read_metas(data, data.size());
    if (!metas.ok()) return false;
    sound.used = static_cast<std::size_t>(metas->used_bytes());
    JournalOptions reading;
    reading.state_directory = options.state;
    const auto opened = open_journal_for_reading(reading);
    if (!opened.ok()) return false;
    sound.questions = questions_about(**opened);
    sound.right = ask(**opened, sound.questions);
    sound.naive = naive_answers(options.state);
    return !sound.questions.names.empty();
}

/// Which of a row are tried: all, or so many by the seed.
std::vector<std::size_t> picked(const Row& row, const Options& options) {
    const std::size_t most = row.name == "bits of data.mdb" ? options.bits : options.most;
    std::vector<std::size_t> all(row.count);
    for (std::size_t i = 0; i < row.count; ++i) all[i] = i;
    if (row.count <= most) return all;
    std::mt19937_64 random(options.seed);
    std::vector<std::size_t> some;
    std::sample(all.begin(), all.end(), std::back_inserter(some), most, random);
    return some;
}

void add(Counts& all, const Counts& some) {
    all.tried += some.tried;
    for (std::size_t i = 0; i < Counts::kKinds; ++i) all.kinds[i] += some.kinds[i];
}

/// One job: a process of its own, for each works on a copy of its own. Its report is two lines or more in a file.
void run_job(const Options& options, const Sound& sound, const Row& row, const std::vector<std::size_t>& which,
             std::size_t job) {
    Patient patient(sound, options.work + "/job" + std::to_string(job), options.in_place, options.naive);
    Counts counts;
    const auto verdicts = run_watched(
        which.size(), job, options.jobs, kSeconds, kMostWrong, [&] { patient.make(); },
        [&](std::size_t task, std::string& wrong) { return patient.try_one(row.at(which[task]), wrong); }, counts);
    std::ofstream report(options.work + "/report" + std::to_string(job));
    report << counts.tried;
    for (const auto kind : counts.kinds) report << " " << kind;
    report << "\n";
    for (const auto& verdict : verdicts) {
        const Damage damage = row.at(which[verdict.task]);
        report << damage.file << ": " << damage.name << ": " << verdict.wrong << "\n";
    }
}

std::vector<std::string> run_row(const Options& options, const Sound& sound, const Row& row, Counts& counts) {
    const auto which = picked(row, options);
    std::vector<pid_t> children;
    for (std::size_t job = 0; job < options.jobs; ++job) {
        const pid_t child = ::fork();
        if (child == 0) {
            run_job(options, sound, row, which, job);
            _exit(0);
        }
        children.push_back(child);
    }
    std::vector<std::string> wrong;
    for (std::size_t job = 0; job < options.jobs; ++job) {
        int status = 0;
        ::waitpid(children[job], &status, 0);
        if (status != 0) wrong.push_back("a job of the sweep itself ended with " + std::to_string(status));
        std::ifstream report(options.work + "/report" + std::to_string(job));
        Counts some;
        report >> some.tried;
        for (auto& kind : some.kinds) report >> kind;
        add(counts, some);
        std::string line;
        while (std::getline(report, line)) {
            if (!line.empty()) wrong.push_back(line);
        }
    }
    if (counts.tried != which.size() && wrong.empty()) wrong.emplace_back("not all were tried");
    return wrong;
}

std::vector<Row> all_rows(const Options& options, Sound& sound, const std::vector<Bytes>& older) {
    const Bytes& data = sound.files["data.mdb"];
    std::vector<Row> rows = {every_bit("data.mdb", data, sound.used), every_cut("data.mdb", sound.used, data.size()),
                             every_page_move(data, sound.used), every_page_lost(data, sound.used),
                             every_lost_write(data, sound.used, older)};
    for (const char* name : {"head", "marker", "lock.mdb", "lease"}) {
        const Bytes& content = sound.files[name];
        rows.push_back(every_bit(name, content, content.size()));
        if (std::string(name) != "lease") rows.push_back(every_cut(name, content.size(), content.size()));
    }
    std::erase_if(rows, [&](const Row& row) { return row.name.find(options.only) == std::string::npos; });
    return rows;
}

int sweep(const Options& options) {
    Sound sound;
    if (!look_at_sound(options, sound)) {
        std::printf("%s holds no sound journal with runs\n", options.state.c_str());
        return 64;
    }
    std::vector<Bytes> older;
    for (const auto& path : options.older) older.push_back(read_whole(path));
    std::size_t tried = 0;
    std::size_t bad = 0;
    for (const auto& row : all_rows(options, sound, older)) {
        const auto begun = std::chrono::steady_clock::now();
        Counts counts;
        const auto wrong = run_row(options, sound, row, counts);
        const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
        std::printf("%-17s %8zu of %8zu: %zu the same, %zu refused at open, %zu in part; %zu wrong; %.1f s\n",
                    row.name.c_str(), counts.tried, row.count, counts.kinds[same], counts.kinds[refused_at_open],
                    counts.kinds[refused_in_part], wrong.size(), took.count());
        for (const auto& line : wrong) std::printf("WRONG %s\n", line.c_str());
        std::fflush(stdout);
        tried += counts.tried;
        bad += wrong.size();
    }
    std::printf("sweep: tried=%zu wrong=%zu seed=%llu\n", tried, bad, static_cast<unsigned long long>(options.seed));
    return bad == 0 && tried > 0 ? 0 : 1;
}

Options options_from(int argc, char** argv) {
    Options options;
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        const std::string value = i + 1 < argc ? argv[i + 1] : "";
        if (word == "--in-place") options.in_place = true;
        if (word == "--naive") options.naive = true;
        if (word == "--in-place" || word == "--naive") continue;
        if (word == "--state") options.state = value;
        if (word == "--work") options.work = value;
        if (word == "--only") options.only = value;
        if (word == "--older") options.older.push_back(value);
        if (word == "--most") options.most = std::strtoull(value.c_str(), nullptr, 10);
        if (word == "--bits") options.bits = std::strtoull(value.c_str(), nullptr, 10);
        if (word == "--seed") options.seed = std::strtoull(value.c_str(), nullptr, 10);
        if (word == "--jobs") options.jobs = std::max<std::size_t>(1, std::strtoull(value.c_str(), nullptr, 10));
        ++i;
    }
    return options;
}

}  // namespace
}  // namespace backout

int main(int argc, char** argv) {
    const backout::Options options = backout::options_from(argc, argv);
    if (options.state.empty() || options.work.empty()) {
        std::printf(
            "journal_sweep --state DIR --work DIR [--older FILE]… [--bits N] [--most N] [--seed N] [--jobs N] "
            "[--only ROW] [--in-place] [--naive]\n");
        return 64;
    }
    return backout::sweep(options);
}
