#pragma once
// Keeps secrets out of what the journal stores of a run's doings (P9). Commands get secrets and may print them, in
// output or in the words of a failure; the values that were handed out are known, and are masked before anything is
// recorded. Outputs, which later steps depend on, name the secret instead (a template), and are filled in again when
// they are looked up. Never touched: images and expectations, which hold no secrets and which undo depends on word for
// word.

#include <map>
#include <string>

#include "base/json.h"
#include "journal/record.h"

namespace backout {

class SecretMask {
  public:
    /// From here on `value`, the answer to `reference` ("inputs.token"), is masked; texts of fewer than three bytes are
    /// not, for that would garble everything.
    void add(const std::string& reference, const Json& value);
    std::string masked(std::string text) const;
    void apply(Record& record) const;

  private:
    void apply(Json& value) const;
    void name_secrets(Json& value) const;
    Json named(const std::string& text) const;

    std::map<std::string, std::string> references_;  ///< by value
};

}  // namespace backout
