#pragma once
// Replaces known secret values in any text that leaves the program, as base/secret_words.h finds them.

#include <string>
#include <utility>

#include "base/secret_words.h"

namespace backout {

class Redactor {
  public:
    void add(const std::string& secret) { words_.add(secret); }
    std::string redact(std::string text) const { return words_.masked(std::move(text)); }

  private:
    SecretWords words_;
};

}  // namespace backout
