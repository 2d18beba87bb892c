#include "base/mutation.h"

#include <cstdlib>
#include <cstring>

namespace backout {

#ifdef BACKOUT_MUTANTS
bool left_out(const char* name) {
    static const char* const kChosen = std::getenv("BACKOUT_MUTANT");  // lint: getenv is right here, never shipped
    return kChosen != nullptr && std::strcmp(kChosen, name) == 0;
}
#endif

}  // namespace backout
