#pragma once
// Keeps secrets out of what the journal stores of a run's doings (P9). Commands get secrets and may print them, in
// output or in the words of a failure; the values that were handed out are known, and are masked before anything is
// recorded. Never touched: images, expectations and outputs, which later steps and undo depend on word for word.

#include <set>
#include <string>

#include "base/json.h"
#include "journal/record.h"

namespace backout {

class SecretMask {
  public:
    /// From here on `value` is masked; texts of fewer than three bytes are not, for that would garble everything.
    void add(const Json& value);
    std::string masked(std::string text) const;
    void apply(Record& record) const;

  private:
    void apply(Json& value) const;

    std::set<std::string> values_;
};

}  // namespace backout
