#include "planner/stale_check.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/bytes.h"
#include "base/text.h"
#include "compensators/entry_state.h"
#include "compensators/world_view.h"
#include "planner/secret_paths.h"

namespace backout {

namespace {

constexpr std::size_t kMostLetters = 200;

std::string shown(const Json& value) {
    if (value.is_null()) return "nothing";
    std::string text = value.is_string() ? printable(value.get<std::string>()) : dump_canonical(value);
    if (text.size() <= kMostLetters) return text;
    text.resize(kMostLetters);
    return text.append("…");
}

// Which step a path concerns: the one that changes it, covers it, or changes something in it.
class StepOfPath {
  public:
    explicit StepOfPath(const Plan& plan) {
        for (const PlannedStep& step : plan.steps) {
            for (const Resource& resource : step.resources) {
                if (resource.type == "path") steps_.emplace(resource.key, &step);
            }
        }
    }

    std::string find(const std::string& key) const {
        for (std::string above = key;; above = above.substr(0, above.rfind('/'))) {
            const auto found = steps_.find(above);
            if (found != steps_.end()) return found->second->id;
            if (above.rfind('/') == std::string::npos) break;
        }
        const auto below = steps_.lower_bound(key + "/");
        return below != steps_.end() && below->first.compare(0, key.size() + 1, key + "/") == 0 ? below->second->id
                                                                                                : "";
    }

  private:
    std::map<std::string, const PlannedStep*> steps_;
};

class Checker {
  public:
    Checker(const Plan& plan, const StaleCheck& check)
        : plan_(plan), check_(check), world_(make_host_world_view(check.host)), steps_(plan) {}

    Result<std::vector<StaleItem>> run() {
        for (const auto& [key, then] : member(plan_.state, "paths").items()) BACKOUT_TRY(check_path(key, then));
        for (const auto& [key, then] : member(plan_.state, "lists").items()) BACKOUT_TRY(check_list(key, then));
        for (const auto& [name, then] : member(plan_.state, "facts").items()) BACKOUT_TRY(check_fact(name, then));
        for (const auto& [name, then] : member(plan_.state, "env").items()) check_variable(name, then);
        for (const auto& [name, given] : check_.given_inputs) check_input(name, given);
        return std::move(items_);
    }

  private:
    Status check_path(const std::string& key, const Json& recorded) {
        BACKOUT_TRY_ASSIGN(const EntryState then, entry_state_from_json(recorded));
        BACKOUT_TRY_ASSIGN(const std::string real_key, world_->key_of(key));
        if (real_key != key) {
            items_.push_back(StaleItem{steps_.find(key), key + ": path", key, real_key});
            return {};
        }
        const bool attributes = then.type == EntryType::file && then.content.empty();
        BACKOUT_TRY_ASSIGN(Seen now, then.tree    ? world_->look_tree(key)
                                     : attributes ? world_->look_at_attributes(key)
                                                  : world_->look(key));
        const Json& fingerprint = member(recorded, kFingerprint);
        if (fingerprint.is_string() && now.state.present() &&
            fingerprint != fingerprint_of(check_.host, key).value_or(""))
            items_.push_back(
                StaleItem{steps_.find(key), printable(key) + ": content (secret)", "as planned", "touched"});
        for (const Difference& difference : compare_states(key, then, now.state)) {
            items_.push_back(StaleItem{steps_.find(key), printable(key) + ": " + difference.attribute,
                                       difference.expected, difference.found});
        }
        return {};
    }

    Status check_list(const std::string& key, const Json& then) {
        auto now = world_->list(key);
        if (!now.ok() && now.error().code != ErrorCode::not_found && now.error().code != ErrorCode::wrong_type) {
            return std::move(now).error();
        }
        const Json names = now.ok() ? Json(*now) : Json(nullptr);
        if (names != then)
            items_.push_back(StaleItem{steps_.find(key), printable(key) + ": entries", shown(then), shown(names)});
        return {};
    }

    Status check_fact(const std::string& name, const Json& then) {
        const Detector* detector = check_.detectors.find(string_member(then, "detect"));
        if (detector == nullptr) {
            return Error{ErrorCode::invalid, "the plan needs the detector '" +
                                                 printable(string_member(then, "detect")) +
                                                 "', which this program doesn't have"};
        }
        auto now = detector->detect(DetectRequest{member(then, "with"), plan_.manifest_directory, check_.host});
        if (!now.ok()) return std::move(now).error().in("while detecting facts." + name);
        compare_fact("facts." + name, member(then, "value"), *now);
        return {};
    }

    void compare_fact(const std::string& name, const Json& then, const Json& now) {
        if (then == now) return;
        if (!then.is_object() || !now.is_object()) {
            items_.push_back(StaleItem{"", name, shown(then), shown(now)});
            return;
        }
        for (const auto& [field, value] : then.items()) compare_fact(name + "." + field, value, member(now, field));
        for (const auto& [field, value] : now.items()) {
            if (!then.contains(field)) compare_fact(name + "." + field, nullptr, value);
        }
    }

    void check_variable(const std::string& name, const Json& then) {
        if (!check_.environment) return;
        const auto value = check_.environment(name);
        const Json now = value ? Json(*value) : Json(nullptr);
        if (now != then) items_.push_back(StaleItem{"", "env." + name, shown(then), shown(now)});
    }

    void check_input(const std::string& name, const std::string& given) {
        const Json& input = member(member(plan_.state, "inputs"), name);
        if (!input.is_object() || bool_member(input, "secret", false)) return;
        const Json& then = member(input, "value");
        const std::string text = then.is_string() ? then.get<std::string>() : dump_canonical(then);
        if (text != given) items_.push_back(StaleItem{"", "inputs." + name, shown(then), shown(given)});
    }

    const Plan& plan_;
    const StaleCheck& check_;
    std::unique_ptr<WorldView> world_;
    StepOfPath steps_;
    std::vector<StaleItem> items_;
};

}  // namespace

Result<std::vector<StaleItem>> check_plan(const Plan& plan, const StaleCheck& check) {
    return Checker(plan, check).run();
}

std::string stale_text(const StaleItem& item) {
    return (item.step.empty() ? "" : "step " + printable(item.step) + ": ") + item.attribute + " was " + item.then +
           ", is now " + item.now;
}

}  // namespace backout
