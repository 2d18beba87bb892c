// Stops a tree of processes at its N-th system call that has an effect on files, and does something there: kills it,
// tears the write, reports an error, cuts the power of a disk, copies it. README.md beside this file is the guide.
//
// What counts: names made, moved and removed; files opened to be created or cut off; bytes written to regular files;
// lengths, modes, owners, times, attributes and flags; and every sync, since a commit of a journal ends in one.

#include <unistd.h>

#include <csignal>

#include "options.h"
#include "watch.h"

int main(int count, char** words) {
    const crashlab::Options options = crashlab::read_options(count, words);
    struct sigaction action {};
    action.sa_handler = crashlab::Watch::note_timeout;
    if (::sigaction(SIGALRM, &action, nullptr) != 0) crashlab::fail("sigaction");
    ::alarm(options.timeout_seconds);
    return crashlab::Watch(options).run();
}
