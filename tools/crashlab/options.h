#pragma once

#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "calls.h"

// The command line, and what is to be done at a point.

namespace crashlab {

enum class Action {
    kill,        ///< the call doesn't happen, and nobody does anything after it
    kill_after,  ///< the call happens, and nothing after it
    torn,        ///< half of the write happens, and nothing after it
    cut,         ///< the power of a mounted file system: what wasn't synced is lost
    cut_log,     ///< the same, but the file system's own log got out: names are kept, contents are not
    cut_live,    ///< the disk is gone, the program lives on
    shorten,     ///< half of the write happens and is reported; on it goes
    fail,        ///< the call doesn't happen, and reports an error
    fail_after,  ///< the call happens, and reports an error
    copy,        ///< at each point: a copy of an image file
    hook,        ///< at each point: a command
};

struct Options {
    long at = 0;  ///< 0: nowhere, so it only counts; copy and hook act everywhere
    Action action = Action::kill;
    int error = 0;
    bool sticky = false;     ///< this call and each later one
    bool root_only = false;  ///< kill the program alone: what it started lives on
    Selection selection;
    std::string hook;
    std::vector<std::string> mounts;  ///< whose power is cut, all at once
    std::vector<std::string> images;  ///< what is copied
    std::string copies;               ///< where the copies go, named by number
    std::string acknowledged;         ///< a file that the program prints into; its size is noted at each point
    unsigned timeout_seconds = 120;
    std::FILE* log = nullptr;
    char** program = nullptr;
};

/// Prints what is wrong, or the help, and ends the process, if there is nothing to be done.
Options read_options(int count, char** words);

/// "EIO" or "5"; 0 if there is no such error.
int error_of(const std::string& word);

[[noreturn]] void fail(const std::string& what);

}  // namespace crashlab
