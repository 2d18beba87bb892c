#pragma once
// What a secret looks like when it turns up where it must not: whole, without the blanks around it, line by line, and
// in the forms into which this program itself brings texts (escaped for a terminal or JSON, lines joined, cut off,
// base64). A last line of defence: secrets are kept out of plans, journals and messages by construction, and yet a
// program that a step runs may print one. It is no defence against programs that disguise what they print.

#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace backout {

/// A secret of fewer bytes is not masked, nor is a shorter line of one: that would garble everything and hide nothing.
inline constexpr std::size_t kShortestSecret = 3;
inline constexpr std::size_t kShortestSecretLine = 4;

/// A part of a secret, by its place in it.
struct SecretPiece {
    std::size_t from = 0;
    std::size_t bytes = 0;
};
/// The whole first, then what is to be masked where it stands alone: it without the blanks around it, and each of its
/// lines. Empty if the secret is too short.
std::vector<SecretPiece> pieces_of_secret(std::string_view secret);

class SecretWords {
  public:
    void add(const std::string& secret);
    bool empty() const { return words_.empty(); }
    /// `text` with "(secret)" in place of each, also of those that are cut off at a "...".
    std::string masked(std::string text) const;

  private:
    std::set<std::string> words_;
};

}  // namespace backout
