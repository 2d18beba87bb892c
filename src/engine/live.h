#pragma once
// The volatile side of a run: what this process has done since its last commit. A crash loses all of it, and nothing
// that matters: whatever it says is either in the records or can be found out by looking at the world.

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "compensators/compensator.h"
#include "journal/record.h"
#include "plan/plan.h"

namespace backout {

/// How far this process has brought a step in the current direction. Each value names what is already done.
enum class Progress {
    none,
    staged,    ///< new content (going back: the inverse image) made, not durable
    secured,   ///< barrier 1: staged content durable
    intended,  ///< intent (undo intent) committed: from here the world may change
    acted,     ///< effect done, not durable
    synced,    ///< barrier 2: names durable
    verified,  ///< compared with the expectation
    recorded,  ///< outcome committed or riding
};

struct LiveStep {
    Progress progress = Progress::none;
    std::optional<Where> seen = {};      ///< what recovery saw of it
    std::optional<Where> foreseen = {};  ///< going back: as it was when the first of its group was to be undone
    std::vector<Difference> differences = {};
    std::string note = {};
    Json image = nullptr;  ///< staged, or from the record
    Json expected = nullptr;
    std::vector<SyncRequest> sync = {};  ///< what the next barrier owes
    Json outputs = nullptr;
    Json result = nullptr;
    Json verify = nullptr;
    bool was_already = false;  ///< going back: nothing had to be restored
    std::vector<Difference> conflicts = {};
    std::optional<Error> failure = {};  ///< staging, acting or verifying failed; decide says what follows
    bool untouched = false;             ///< with a failure: surely nothing of the step touched the world
    bool definite = false;              ///< with a failure: the step itself reported it (not a time-out, not a signal)
    bool drift = false;                 ///< with a failure: it was verification
    bool left_out = false;              ///< a person wants it left as it is (--skip)
    bool overwrite = false;             ///< a person wants it taken back whatever stands there (--overwrite-conflict)
    bool gave_up = false;               ///< in a run that goes on regardless: not tried again by this process
    std::vector<Record> output = {};    ///< bounded output of its command, recorded with the outcome
};

struct Live {
    std::vector<LiveStep> steps;  ///< index 0 is step 1
    std::vector<Record> riding;   ///< outcomes of atomic steps that wait for the next commit
    bool checked_at_end = false;  ///< the whole plan was verified
    std::vector<Difference> final_drift = {};
    std::string final_failure = {};  ///< why the end isn't as planned; "" if it is
    bool stop_asked = false;         ///< a signal wants the run to end at the next safe point
    bool abort_asked = false;        ///< … by rolling back
    bool turning_forward = false;    ///< an undo in doubt is finished before the direction turns
    bool images_released = false;
    bool tried_again = false;  ///< what failed to go back got its second chance, in a world that was further back

    LiveStep& step(std::uint32_t number) { return steps.at(number - 1); }
    const LiveStep& step(std::uint32_t number) const { return steps.at(number - 1); }
};

}  // namespace backout
