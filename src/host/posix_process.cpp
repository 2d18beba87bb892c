#include "host/posix_process.h"

namespace backout {

Result<ProcessOutcome> posix_run(const ProcessSpec&, int) {
    return Error{ErrorCode::unsupported, "programs can't be run yet"};
}

}  // namespace backout
