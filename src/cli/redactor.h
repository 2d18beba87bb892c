#pragma once
// Replaces known secret values in any text that leaves the program. A last line of defence: secrets are kept out of
// plans, journals and messages by construction, and yet a program that a step runs may print one.

#include <set>
#include <string>

namespace backout {

class Redactor {
  public:
    /// Values of fewer than three bytes are not replaced: that would garble everything and hide nothing.
    void add(const std::string& secret);
    std::string redact(std::string text) const;

  private:
    std::set<std::string> words_;  ///< the values in each form in which they can appear
};

}  // namespace backout
