#pragma once
// Is a saved plan still true? Everything that was seen of the world while planning is looked at again and compared. It
// decides nothing anew: it only says what is no longer as the plan says.

#include <string>
#include <vector>

#include "manifest/inputs.h"
#include "plan/plan.h"
#include "planner/detectors/detector.h"

namespace backout {

struct StaleItem {
    std::string step;       ///< id of the first step it concerns; "" if none
    std::string attribute;  ///< "/etc/app.conf: content", "facts.py.version", "inputs.port", "env.HOME"
    std::string then;       ///< as the plan says
    std::string now;
};

struct StaleCheck {
    Host& host;
    const DetectorRegistry& detectors;
    EnvironmentLookup environment = {};                    ///< unset: not compared
    std::map<std::string, std::string> given_inputs = {};  ///< of this command line: must agree with the plan's
};

/// Empty: all is as it was. Errors: what can't be looked at now.
Result<std::vector<StaleItem>> check_plan(const Plan& plan, const StaleCheck& check);

/// "step conf: /etc/app.conf: content was …, is now …".
std::string stale_text(const StaleItem& item);

}  // namespace backout
