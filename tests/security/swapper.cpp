// The attacker of the race checks: exchanges two names of one directory (a folder and a link that leads elsewhere, say) as
// fast as it can, for as long as STOP isn't there, and at least COUNT times. Prints how often it did.
//
//   swapper FOLDER STOP COUNT FIRST SECOND [FIRST SECOND ...]
//
// Each pair begins and ends as it was. The world stays most of the time as it was, and the other way round only for an
// instant: so a program that looks and then acts finds nothing strange when it looks.

#include <fcntl.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include <cstdlib>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace {

constexpr unsigned long kLongest = 500'000;  // nanoseconds as it was
constexpr unsigned long kShortest = 60'000;  // nanoseconds the other way round

void nap(std::minstd_rand& random, unsigned long at_most) {
    const unsigned long wanted = random() % (2 * at_most);
    if (wanted >= at_most) return;  // every other time not at all
    const timespec time{0, static_cast<long>(wanted)};
    nanosleep(&time, nullptr);
}

bool exchange(int folder, const std::pair<std::string, std::string>& names) {
    return renameat2(folder, names.first.c_str(), folder, names.second.c_str(), RENAME_EXCHANGE) == 0;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 6 || argc % 2 != 0) return 64;
    const int folder = open(argv[1], O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) return 66;
    const std::string stop = argv[2];
    const unsigned long wanted = std::strtoul(argv[3], nullptr, 10);
    std::vector<std::pair<std::string, std::string>> pairs;
    for (int at = 4; at + 1 < argc; at += 2) pairs.emplace_back(argv[at], argv[at + 1]);
    prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
    std::minstd_rand random(1);
    unsigned long swaps = 0;
    unsigned long missed = 0;
    while (swaps < wanted || access(stop.c_str(), F_OK) != 0) {
        if (swaps == 0 && missed > 1'000'000) return 74;  // nothing to exchange, ever
        const auto& names = pairs[random() % pairs.size()];
        nap(random, kLongest);
        if (!exchange(folder, names)) {  // it is just somewhere else
            ++missed;
            continue;
        }
        ++swaps;
        nap(random, kShortest);
        while (!exchange(folder, names)) {
            if (access(stop.c_str(), F_OK) == 0 && ++missed > 1'000'000) break;
        }
        ++swaps;
    }
    std::printf("%lu swaps, %lu missed\n", swaps, missed);
    return 0;
}
