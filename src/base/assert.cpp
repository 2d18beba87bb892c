#include "base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace backout {

void assertion_failed(const char* expression, const char* file, int line) {
    std::fprintf(stderr,
                 "backout: internal error: %s does not hold (%s:%d); the journal is untouched, `backout status` names "
                 "the ways out\n",
                 expression, file, line);
    std::abort();
}

}  // namespace backout
