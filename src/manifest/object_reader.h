#pragma once
// Takes an object of the manifest apart, member by member, and reports what is missing, mistyped or unknown. What it
// was asked for is what it knows, so that the list of known keys can't differ from what is read.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "manifest/manifest.h"

namespace backout {

class ObjectReader {
  public:
    /// `what` goes into messages: "an action". Requires: `object` is an object; all outlive the reader.
    ObjectReader(Node& object, const char* what, ManifestErrors& errors);

    /// The member, or nullptr. Reports its absence if `required`.
    Node* find(const char* key, bool required = false);
    /// Of the right type, or absent and perhaps reported.
    std::optional<SourceText> text(const char* key, bool required = false);
    bool flag(const char* key, bool fallback = false);
    Node* list(const char* key, bool required = false);
    Node* object(const char* key, bool required = false);
    std::vector<SourceText> texts(const char* key, const char* of_what);
    std::optional<Nanoseconds> duration(const char* key);
    /// The place of `words` that the member is, or `fallback`.
    std::size_t one_of(const char* key, const std::vector<std::string>& words, std::size_t fallback);
    void report(Position position, std::string message) { errors_.add(position, std::move(message)); }
    /// Reports every member that was not asked for. To be called last.
    void finish();

  private:
    void report_type(const char* key, const char* wanted, const Node& node);

    Node& object_;
    const char* what_;
    ManifestErrors& errors_;
    std::vector<const char*> known_;
};

}  // namespace backout
