// Runs a fuzz target without libFuzzer: first every file of its corpus, then mutations of them, from a seed that is
// printed. What it does when the target dies is the point: the input at fault is in a file by then.
//
//   fuzz_NAME CORPUS… [--runs N] [--seed S] [--longest BYTES]
//
// Exit status: 0 nothing found; 2 used wrongly; else the target died (the input is in ./crash-NAME).

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <vector>

#include "fuzz_target.h"

namespace {

using Input = std::vector<std::uint8_t>;

struct Options {
    std::vector<std::string> corpora = {};
    std::uint64_t runs = 0;
    std::uint64_t seed = 0;
    std::size_t longest = 4096;
};

const Input* g_current = nullptr;
std::string g_crash_file;

/// Writes the input that is at work, and lets the signal do what it does. Only calls that are allowed in a handler.
void save_current(int signal) {
    const int fd = ::open(g_crash_file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd >= 0 && g_current != nullptr && ::write(fd, g_current->data(), g_current->size()) >= 0) {
        constexpr char kNote[] = "fuzz: the target died; the input is in ./crash-*\n";
        if (::write(STDERR_FILENO, kNote, sizeof kNote - 1) < 0) ::_exit(99);
    }
    ::signal(signal, SIG_DFL);
    ::raise(signal);
}

std::vector<Input> read_corpora(const std::vector<std::string>& folders) {
    std::vector<Input> inputs;
    for (const std::string& folder : folders) {
        std::vector<std::filesystem::path> files;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
            if (entry.is_regular_file()) files.push_back(entry.path());
        }
        std::sort(files.begin(), files.end());  // the same seed must give the same inputs everywhere
        for (const auto& file : files) {
            std::ifstream stream(file, std::ios::binary);
            inputs.emplace_back(std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>());
        }
    }
    return inputs;
}

class Mutator {
  public:
    Mutator(const std::vector<Input>& corpus, std::uint64_t seed, std::size_t longest)
        : corpus_(corpus), random_(seed), longest_(longest) {}

    Input next() {
        Input input = corpus_[below(corpus_.size())];
        for (std::size_t change = 1 + below(6); change > 0; --change) mutate(input);
        if (input.size() > longest_) input.resize(longest_);
        return input;
    }

  private:
    std::size_t below(std::size_t end) { return end == 0 ? 0 : random_() % end; }
    std::uint8_t byte() { return static_cast<std::uint8_t>(random_()); }

    void mutate(Input& input) {
        const std::size_t at = below(input.size() + 1);
        switch (below(8)) {
            case 0:
                if (at < input.size()) input[at] ^= static_cast<std::uint8_t>(1U << below(8));
                break;
            case 1:
                if (at < input.size()) input[at] = byte();
                break;
            case 2: input.insert(begin_at(input, at), byte()); break;
            case 3: erase(input, at, 1 + below(16)); break;
            case 4: insert_part(input, at, input); break;
            case 5: insert_part(input, at, corpus_[below(corpus_.size())]); break;
            case 6: insert_word(input, at); break;
            default: set_number(input, at);
        }
    }

    static Input::iterator begin_at(Input& input, std::size_t at) {
        return input.begin() + static_cast<std::ptrdiff_t>(at);
    }
    static void erase(Input& input, std::size_t at, std::size_t length) {
        input.erase(begin_at(input, at), begin_at(input, std::min(input.size(), at + length)));
    }
    void insert_part(Input& input, std::size_t at, const Input& from) {
        const std::size_t begin = below(from.size() + 1);
        const Input part(from.begin() + static_cast<std::ptrdiff_t>(begin),
                         from.begin() + static_cast<std::ptrdiff_t>(std::min(from.size(), begin + below(40))));
        input.insert(begin_at(input, at), part.begin(), part.end());
    }
    void insert_word(Input& input, std::size_t at) {
        static constexpr std::array<std::string_view, 22> kWords = {
            "\"",   "{",  "}",     "[",        "]",        "${",       "$template", "../", "/",
            "null", "-1", "1e999", "\\u0000",  "\xFF\xFE", "version(", " and ",     "\n",  "18446744073709551616",
            "//",   "/*", "\\",    "0000777\0"};
        const std::string_view word = kWords[below(kWords.size())];
        input.insert(begin_at(input, at), word.begin(), word.end());
    }
    /// Lengths and counts in binary formats: the ends of what fits.
    void set_number(Input& input, std::size_t at) {
        const std::size_t width = std::size_t{1} << below(4);
        const std::uint8_t fill = below(2) == 0 ? 0x00 : 0xFF;
        for (std::size_t i = at; i < std::min(input.size(), at + width); ++i) input[i] = fill;
    }

    const std::vector<Input>& corpus_;
    std::mt19937_64 random_;
    std::size_t longest_;
};

void run_one(const Input& input) {
    g_current = &input;
    LLVMFuzzerTestOneInput(input.data(), input.size());
}

[[noreturn]] void usage() {
    std::fprintf(stderr, "usage: fuzz_NAME CORPUS... [--runs N] [--seed S] [--longest BYTES]\n");
    std::exit(2);
}

std::uint64_t default_seed() {
    const char* given = std::getenv("BACKOUT_TEST_SEED");
    return given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
}

Options read_options(int count, char** words) {
    Options options;
    options.seed = default_seed();
    for (int i = 1; i < count; ++i) {
        const std::string word = words[i];
        if (word.rfind("--", 0) != 0) {
            options.corpora.push_back(word);
            continue;
        }
        if (i + 1 == count) usage();
        const std::uint64_t value = std::strtoull(words[++i], nullptr, 10);
        if (word == "--runs") {
            options.runs = value;
        } else if (word == "--seed") {
            options.seed = value;
        } else if (word == "--longest") {
            options.longest = value;
        } else {
            usage();
        }
    }
    if (options.corpora.empty()) usage();
    return options;
}

}  // namespace

int main(int count, char** words) {
    const Options options = read_options(count, words);
    const std::string name = std::filesystem::path(words[0]).filename();
    g_crash_file = "crash-" + name;
    for (const int signal : {SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL}) ::signal(signal, save_current);
    const auto begun = std::chrono::steady_clock::now();
    const std::vector<Input> corpus = read_corpora(options.corpora);
    if (corpus.empty()) {
        std::fprintf(stderr, "%s: the corpus is empty\n", name.c_str());
        return 2;
    }
    std::printf("%s: %zu inputs in the corpus, seed %llu (BACKOUT_TEST_SEED repeats it)\n", name.c_str(), corpus.size(),
                static_cast<unsigned long long>(options.seed));
    std::fflush(stdout);
    for (const Input& input : corpus) run_one(input);
    Mutator mutator(corpus, options.seed, options.longest);
    for (std::uint64_t run = 0; run < options.runs; ++run) run_one(mutator.next());
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
    std::printf("table: %s | %llu | 0 | %.1f\n", name.c_str(),
                static_cast<unsigned long long>(options.runs + corpus.size()), took.count());
    return 0;
}
