// Paths: whatever is asked for, no place outside of the root is found, links followed or not, and a key leads to the
// same place again.

#include "fuzz_target.h"
#include "host/mem_host.h"
#include "host/paths.h"

using namespace backout;

namespace {

const MemHost& scene() {
    static const MemHost& host = []() -> MemHost& {
        static MemHost made;
        made.put_file("/d/e/f", "x");
        made.put_symlink("/d/up", "..");
        made.put_symlink("/d/out", "../../../..");
        made.put_symlink("/d/loop", "loop");
        made.put_symlink("/d/absolute", "/d/e");
        made.put_symlink("/theirs", "/d", 1000);
        return made;
    }();
    return host;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const std::unique_ptr<MemHost> kHost = scene().clone();
    const std::string path(fuzz::as_text(data, size));
    const auto found = kHost->locate(path);
    if (!found.ok()) {
        BACKOUT_ASSERT(!found.error().text().empty());
        return 0;
    }
    const std::string& name = found->name;
    BACKOUT_ASSERT(!name.empty() && name != "." && name != ".." && name.size() <= 255);
    BACKOUT_ASSERT(name.find('/') == std::string::npos && name.find('\0') == std::string::npos);
    const std::string key = found->key();
    BACKOUT_ASSERT(key.front() == '/' && (key + "/").find("/../") == std::string::npos);
    const auto again = kHost->locate(key);
    BACKOUT_ASSERT(again.ok() && again->key() == key);
    return 0;
}
