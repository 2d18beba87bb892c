#pragma once
// Names of users and groups: the system's for the root "/", else those of the root's own passwd and group files.

#include <cstdint>
#include <string>

#include "base/result.h"

namespace backout {

class Host;

enum class Accounts { users, groups };

/// A number is taken as it is. Errors: `not_found`; `invalid` for a number out of range.
Result<std::uint32_t> id_by_name(Host& host, Accounts accounts, const std::string& name);
/// The number as text where no account has it.
std::string name_by_id(Host& host, Accounts accounts, std::uint32_t id);

/// The number of a line "name:password:number:…" with this name in the text of a passwd or group file.
Result<std::uint32_t> id_in_text(const std::string& text, Accounts accounts, const std::string& name);
/// The first name with this number, else the number as text.
std::string name_in_text(const std::string& text, std::uint32_t id);
/// "1000": true, with the number. 4294967295 means "no change" to the kernel and is no id.
bool is_id(const std::string& text, std::uint32_t& id);

}  // namespace backout
