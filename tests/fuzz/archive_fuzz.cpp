// Archives: whatever they hold, no name leads out of the tree, and nothing is listed without its folders.

#include <set>

#include "compensators/archive_extract_reader.h"
#include "fuzz_target.h"
#include "host/mem_host.h"

using namespace backout;

namespace {

void check_name(const std::string& path) {
    BACKOUT_ASSERT(path.empty() || path.front() != '/');
    std::string_view rest = path;
    while (!rest.empty()) {
        const std::size_t slash = rest.find('/');
        const std::string_view name = rest.substr(0, slash);
        BACKOUT_ASSERT(!name.empty() && name != "." && name != ".." && name.find('\0') == std::string_view::npos);
        rest = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const fuzz::Choice choice = fuzz::choose(data, size, 3);
    MemHost host;
    host.put_file("/a", Bytes(choice.rest));
    const auto place = host.locate("/a");
    BACKOUT_ASSERT(place.ok());
    const auto file = place->directory->open_read("a");
    BACKOUT_ASSERT(file.ok());
    ArchiveRules rules;
    rules.strip = choice.which;
    rules.limits = {200, 1U << 20U, 100};
    const auto tree = read_archive_tree(**file, host, rules);
    if (!tree.ok()) return 0;
    std::set<std::string> folders;
    for (const TreeEntry& entry : tree->entries) {
        check_name(entry.path);
        const std::size_t slash = entry.path.rfind('/');
        const std::string above = slash == std::string::npos ? "" : entry.path.substr(0, slash);
        BACKOUT_ASSERT(entry.path.empty() || folders.count(above) != 0);
        if (entry.state.type == EntryType::directory) folders.insert(entry.path);
        BACKOUT_ASSERT((entry.state.mode & ~07777U) == 0);
    }
    return 0;
}
