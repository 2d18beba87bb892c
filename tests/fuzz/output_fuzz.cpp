// What a command writes, and what is taken out of it by JSON pointers: outputs are there with their names, or the step
// fails with a sentence; nothing that was written comes back as anything but data.

#include <nlohmann/json.hpp>

#include "compensators/command_run.h"
#include "fuzz_target.h"
#include "host/mem_host.h"

using namespace backout;

namespace {

class NoImages final : public ImageStore {
  public:
    Result<std::string> store_for(Directory&, bool) override { return Error{ErrorCode::unsupported, "none"}; }
    Result<std::shared_ptr<Directory>> open(const std::string&) override {
        return Error{ErrorCode::unsupported, "none"};
    }
};

Json image_with(const std::string& pointer) {
    return {{"argv", {"tool"}}, {"env", Json::object()}, {"cwd", "/"},
            {"stdin", nullptr}, {"creates", nullptr},    {"removes", nullptr},
            {"undo", nullptr},  {"probe", nullptr},      {"touches", {"/made"}},
            {"exit", {0}},      {"forward", true},       {"outputs", {{"all", ""}, {"one", pointer}}}};
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const std::unique_ptr<Compensator> kKind = make_command_run_kind();
    const auto [pointer, written] = fuzz::two_parts(fuzz::as_text(data, size));
    if (!pointer.empty() && !is_utf8(pointer)) return 0;  // a manifest is UTF-8
    MemHost host;
    host.put_file("/made", "");
    host.add_program("tool", [&written = written](MemHost&, const ProcessSpec&) {
        ProcessOutcome outcome;
        outcome.started = true;
        outcome.output = written;
        return outcome;
    });
    NoImages images;
    StepContext context{host, images};
    const auto applied = kKind->apply(context, image_with(pointer));
    if (!applied.ok()) {
        BACKOUT_ASSERT(!applied.error().text().empty());
        return 0;
    }
    BACKOUT_ASSERT(applied->outputs.size() == 2 && applied->outputs.contains("all"));
    (void)dump_canonical(applied->outputs);
    return 0;
}
