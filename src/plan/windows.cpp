#include <string>
#include <unordered_set>
#include <utility>

#include "plan/order.h"
#include "plan/resource_index.h"

namespace backout {

namespace {

// The window in the making. Steps keep their order: a window is a stretch of the plan.
class OpenWindow {
  public:
    explicit OpenWindow(std::size_t limit) : limit_(limit) {}

    bool takes(const PlannedStep& step) const {
        if (members_.empty()) return true;
        return !closed_ && members_.size() < limit_ && !stands_alone(step) && !depends_on_member(step) &&
               is_disjoint(step);
    }

    void add(std::uint32_t position, const PlannedStep& step) {
        members_.push_back(position);
        ids_.insert(step.id);
        closed_ = closed_ || stands_alone(step);
        for (const Resource& resource : step.resources) resources_.add(resource, position);
    }

    std::vector<std::uint32_t> close() {
        ids_.clear();
        resources_.clear();
        closed_ = false;
        return std::exchange(members_, {});
    }

  private:
    // A pivot kept or skipped is no point of no return, and a command that isn't run can't tear anything.
    static bool stands_alone(const PlannedStep& step) {
        return step.changes() && (step.pivot || step.effect == Effect::tearable);
    }

    bool depends_on_member(const PlannedStep& step) const {
        for (const std::string& id : step.depends_on) {
            if (ids_.count(id) != 0) return true;
        }
        for (const std::string& id : step.after_ids) {
            if (ids_.count(id) != 0) return true;
        }
        return false;
    }

    bool is_disjoint(const PlannedStep& step) const {
        for (const Resource& resource : step.resources) {
            if (resources_.overlaps_any(resource)) return false;
        }
        return true;
    }

    std::size_t limit_;
    std::vector<std::uint32_t> members_;
    std::unordered_set<std::string> ids_;
    ResourceIndex resources_;
    bool closed_ = false;
};

}  // namespace

std::vector<std::vector<std::uint32_t>> windows_of(const Plan& plan, std::size_t limit) {
    BACKOUT_ASSERT(limit > 0);
    std::vector<std::vector<std::uint32_t>> windows;
    OpenWindow window(limit);
    for (std::uint32_t position = 0; position < plan.steps.size(); ++position) {
        const PlannedStep& step = plan.steps[position];
        if (!window.takes(step)) windows.push_back(window.close());
        window.add(position, step);
    }
    if (!plan.steps.empty()) windows.push_back(window.close());
    return windows;
}

}  // namespace backout
