#include "life.h"

#include <array>
#include <utility>

#include "forgetful_host.h"
#include "journal/open.h"
#include "session/tidy_images.h"

namespace backout::simulation {

namespace {

class Silence final : public EventSink {
  public:
    void on_event(const Event&) override {}
};

/// Different in each life, the same each time.
class NumberedIds final : public IdSource {
  public:
    explicit NumberedIds(int life) : life_(life) {}
    std::string random_name(std::size_t length) override {
        std::string name = "l" + std::to_string(life_) + "n" + std::to_string(++number_);
        name.resize(length, 'x');
        return name;
    }
    std::uint64_t random_number() override { return ++number_; }

  private:
    int life_;
    std::uint64_t number_ = 0;
};

constexpr std::array<const char*, 4> kDeeds = {"apply", "resume", "back", "forward"};

}  // namespace

const char* to_string(Deed deed) {
    return kDeeds[static_cast<std::size_t>(deed)];
}

std::optional<Deed> deed_from(const std::string& word) {
    for (std::size_t i = 0; i < kDeeds.size(); ++i) {
        if (word == kDeeds[i]) return static_cast<Deed>(i);
    }
    return std::nullopt;
}

const Registry& builtin_kinds() {
    thread_local const Registry kinds = make_builtin_registry();
    return kinds;
}

Life::Life(const SimulatedMachine& start, Broken broken)
    : clock_(kFirstLife + start.lives * 3600 * kSecond),
      host_(live_clone(*start.host, clock_)),
      state_(std::make_shared<MemTablesState>(*start.journal)),
      committed_(start.journal),
      lagging_(start.journal),
      lives_(start.lives + 1),
      broken_(broken) {
    host_->before_operation = [this](const std::string& what, const std::string& path) { return watch(what, path); };
}

Status Life::watch(const std::string& what, const std::string& path) {
    ++operations_;
    if (!watcher) return {};
    return watcher({operations_, what, path});
}

/// A transaction changes the tables in place and is taken back if it is refused: until it is through, what is on disk
/// is the state before.
Status Life::after_commit() {
    if (broken_ == Broken::commit_not_durable)
        committed_ = std::exchange(lagging_, std::make_shared<const MemTablesState>(*state_));
    else
        committed_ = std::make_shared<const MemTablesState>(*state_);
    return watch("committed", "");
}

SimulatedMachine Life::now() {
    std::shared_ptr<MemHost> world = host_->clone();
    world->set_clock(nullptr);
    return {std::move(world), committed_, lives_};
}

LifeEnd Life::live(Deed deed, const Plan& plan) {
    LifeEnd end;
    {
        const MemJournalHooks hooks{[this](std::uint64_t) { return watch("commit", ""); },
                                    [this](std::uint64_t) { return after_commit(); }};
        MemJournal journal(state_, hooks);
        try {
            end = perform(journal, deed, plan);
        } catch (const SimulatedCrash&) {
            end.crashed = true;
        }
    }
    end.machine = now();
    return end;
}

LifeEnd Life::perform(MemJournal& journal, Deed deed, const Plan& plan) {
    LifeEnd end;
    Silence silence;
    NumberedIds ids(lives_);
    ForgetfulHost host(*host_, broken_ == Broken::sync_file_dropped, broken_ == Broken::sync_names_dropped);
    const auto images = make_image_store(host, journal, kStateDirectory);
    Engine engine({host, journal, *images, builtin_kinds(), clock_, ids, silence, nullptr});
    RunOptions options;
    options.recovery_limit = 1000;  // invariant 12 has tests of its own
    const auto unfinished = journal.unfinished();
    BACKOUT_ASSERT(unfinished.ok());
    if (!*unfinished && deed != Deed::apply) return end;
    std::optional<Direction> direction;
    if (deed == Deed::back) direction = Direction::back;
    if (deed == Deed::forward) direction = Direction::forward;
    auto outcome =
        deed == Deed::apply ? engine.apply(plan, options) : engine.resume(**unfinished, plan, direction, options);
    if (!outcome.ok()) {
        end.error = outcome.error();
        return end;
    }
    // As a session does: what can't be swept is told, and stays for `doctor`.
    const Status swept = tidy_images(host, journal, kStateDirectory, *outcome);
    if (!swept.ok() && swept.error().code == ErrorCode::journal) end.error = swept.error();
    end.outcome = std::move(*outcome);
    return end;
}

}  // namespace backout::simulation
