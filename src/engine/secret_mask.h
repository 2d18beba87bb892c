#pragma once
// Keeps secrets out of what the journal stores of a run's doings (P9). Commands get secrets and may print them, in
// output or in the words of a failure; the values that were handed out are known, and are masked before anything is
// recorded. Outputs, which later steps depend on, name the secret instead (a template), and are filled in again when
// they are looked up. Never touched: images and expectations, which hold no secrets and which undo depends on word for
// word.

#include <map>
#include <string>

#include "base/json.h"
#include "base/secret_words.h"
#include "journal/record.h"

namespace backout {

class SecretMask {
  public:
    /// From here on `value`, the answer to `reference` ("inputs.token"), is masked, and so are its lines.
    void add(const std::string& reference, const Json& value);
    std::string masked(std::string text) const { return words_.masked(std::move(text)); }
    /// Names of members that hold a secret: outputs can name one only in values.
    bool is_in_a_name(const Json& value) const;
    /// Output that comes in pieces: one that ends within a line may end within a secret, and one that `goes_on` from
    /// such a piece may begin within one.
    std::string masked_piece(std::string text, bool goes_on) const;
    void apply(Record& record) const;

  private:
    void apply(Json& value) const;
    void mask_names(Json& object) const;
    void name_secrets(Json& value) const;
    Json named(const std::string& text) const;

    SecretWords words_;
    std::map<std::string, Json> references_;  ///< by value, or the part of one: what stands for it in a template
};

}  // namespace backout
