#pragma once

#include <linux/filter.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

// Which system calls are watched, and where in their arguments the files are that they work on.

namespace crashlab {

/// What a call belongs to; `--count` chooses among them.
enum class Group { effects, reads, descriptors, processes };

/// What must hold of a call besides its number, for it to be an effect.
enum class Counts { always, opens_for_change, opens_by_structure, writes_file, changes_flags };

/// Where a file is named: numbers of arguments, -1 for none. A path without descriptor is looked up from the working
/// directory; a descriptor without path is the file itself.
struct Place {
    int descriptor = -1;
    int path = -1;
};

struct Call {
    long number = 0;
    const char* name = nullptr;
    Group group = Group::effects;
    Counts counts = Counts::always;
    Place place;
    Place second;     ///< where a name comes to be, if there are two
    int extra = -1;   ///< of the flags of an open
    int length = -1;  ///< of the number of bytes, for what can be done by half
};

using Arguments = std::array<std::uint64_t, 6>;

/// What of all calls is to be counted.
struct Selection {
    std::vector<Group> groups = {Group::effects};
    std::vector<std::string> names;    ///< only these calls; empty: all of the groups
    std::vector<std::string> folders;  ///< only on files below these; empty: everywhere
};

const std::vector<Call>& all_calls();
const Call* call_of(std::uint64_t number);
bool is_call(const std::string& name);
bool selects(const Selection& selection, const Call& call);

/// A filter that stops the process at selected calls, and nowhere else: all others run at full speed.
std::vector<sock_filter> make_filter(const Selection& selection);

}  // namespace crashlab
