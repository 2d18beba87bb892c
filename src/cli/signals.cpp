#include "cli/signals.h"

#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>

#include "base/assert.h"

namespace backout {

namespace {

constexpr std::array<int, 3> kCaught = {SIGINT, SIGTERM, SIGHUP};
constexpr std::array<int, 2> kIgnored = {SIGPIPE, SIGXFSZ};

// A handler reaches nothing but what is static and lock-free.
StopToken g_token;
std::atomic<const char*> g_first_message{nullptr};
std::atomic<bool> g_exists{false};
std::atomic<bool> g_caught{false};  // a run is at work or a question stands: a signal is noted, and nothing else
std::array<struct sigaction, kCaught.size() + kIgnored.size()> g_before;

constexpr const char* kRollsBack =
    "\nbackout: stopping: the step in hand is finished, then everything is rolled back; a second signal stops at once "
    "and "
    "leaves the run for 'backout resume'\n";
constexpr const char* kGoesOnBack =
    "\nbackout: going back already, and going on until everything is undone; a second signal stops at once and leaves "
    "the run for 'backout resume'\n";
constexpr const char* kStops =
    "\nbackout: stopping: the step in hand is finished, and the run is left for 'backout resume'; a second signal "
    "stops at "
    "once\n";

const char* message_for(AfterSignal after) {
    switch (after) {
        case AfterSignal::roll_back: return kRollsBack;
        case AfterSignal::go_on_back: return kGoesOnBack;
        case AfterSignal::stop: return kStops;
    }
    BACKOUT_ASSERT(false && "every way has its words");
}

// As if it had never been caught: nothing has begun that would have to be ended in order.
void die_of(int number) {
    struct sigaction action {};
    action.sa_handler = SIG_DFL;
    (void)::sigaction(number, &action, nullptr);
    (void)::raise(number);  // takes effect when the handler returns
}

void on_signal(int number) {
    const int before = errno;
    const bool first = g_token.level() == StopLevel::none;
    g_token.request(number);
    if (!g_caught.load()) {
        die_of(number);
    } else if (const char* message = g_first_message.load(); first && message != nullptr) {
        [[maybe_unused]] const ssize_t ignored = ::write(STDERR_FILENO, message, std::strlen(message));
    }
    errno = before;
}

void set_handler(int number, void (*handler)(int), struct sigaction& before) {
    struct sigaction action {};
    action.sa_handler = handler;
    sigemptyset(&action.sa_mask);
    action.sa_flags = 0;  // without SA_RESTART: a question that stands is ended
    BACKOUT_ASSERT(::sigaction(number, &action, &before) == 0);
}

}  // namespace

Signals::Signals() {
    BACKOUT_ASSERT(!g_exists.exchange(true));
    std::size_t slot = 0;
    for (const int number : kCaught) set_handler(number, on_signal, g_before[slot++]);
    for (const int number : kIgnored) set_handler(number, SIG_IGN, g_before[slot++]);
    // Started with nohup: a hang-up stays ignored, as was asked for.
    if (g_before[2].sa_handler == SIG_IGN) (void)::sigaction(SIGHUP, &g_before[2], nullptr);
}

Signals::~Signals() {
    std::size_t slot = 0;
    for (const int number : kCaught) (void)::sigaction(number, &g_before[slot++], nullptr);
    for (const int number : kIgnored) (void)::sigaction(number, &g_before[slot++], nullptr);
    g_first_message = nullptr;
    g_exists = false;
}

void Signals::run_begins(AfterSignal after, bool silent) {
    g_caught = true;
    if (!silent) g_first_message = message_for(after);
}

void Signals::run_ends() {
    g_first_message = nullptr;
    g_caught = false;
}

Signals::Question::Question() {
    g_caught = true;
}

Signals::Question::~Question() {
    g_caught = false;
}

const StopToken& Signals::token() const {
    return g_token;
}

int Signals::last() {
    return g_token.signal();
}

}  // namespace backout
