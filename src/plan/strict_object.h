#pragma once
// Takes an object apart member by member, and refuses what it doesn't expect: a missing member, another type, a member
// that nobody asked for. The first problem of a document is kept; after it every getter answers an empty value, so
// callers read straight on and look once at the end.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "plan/json_place.h"

namespace backout {

/// The first thing that is wrong with a document.
struct DocumentProblem {
    std::optional<std::string> message = {};
    std::vector<std::string> parts = {};  ///< where, from the top

    bool none() const { return !message.has_value(); }
    void note(const JsonPlace& place, std::string text);
};

class StrictObject {
  public:
    /// Notes a problem if `value` is no object. Requires: all three outlive this.
    StrictObject(const Json& value, const JsonPlace& place, DocumentProblem& problem);

    /// The member, whatever its type; null if it is missing, which is a problem.
    const Json& any(const char* name);
    std::string text(const char* name);          ///< a string, perhaps empty
    std::string text_or_null(const char* name);  ///< "" for null
    bool boolean(const char* name);
    std::uint32_t number(const char* name);  ///< a whole number from 0 to 2^32-1
    std::vector<std::string> texts(const char* name);
    /// An object or a list; an empty one of that type when it is something else.
    const Json& object(const char* name);
    const Json& list(const char* name);

    JsonPlace place_of(const char* name) const { return JsonPlace{&place_, name}; }
    void refuse(const char* name, std::string message) { problem_.note(place_of(name), std::move(message)); }
    /// Notes members that nobody asked for, naming the nearest one that is known.
    void finish();

  private:
    const Json& value_;
    const JsonPlace& place_;
    DocumentProblem& problem_;
    std::vector<std::string> known_;
};

/// The place of an element of the list at `list`. Requires: `list` outlives it.
JsonPlace element_of(const JsonPlace& list, std::size_t index);

}  // namespace backout
