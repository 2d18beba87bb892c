#pragma once
// Programmer errors. On in release too: a program that is trusted blindly stops rather than acts on a broken premise;
// the journal makes stopping safe.

namespace backout {
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line);
}

#define BACKOUT_ASSERT(expression)                        \
    (static_cast<bool>(expression) ? static_cast<void>(0) \
                                   : ::backout::assertion_failed(#expression, __FILE__, __LINE__))
