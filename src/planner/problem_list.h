#pragma once
// Problems of several rooms in one list, so that a person mends all of them in one go.

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "manifest/problem.h"

namespace backout {

class ProblemList {
  public:
    explicit ProblemList(std::string source_name) : source_name_(std::move(source_name)) {}

    /// A problem at a place of the manifest, as "FILE:LINE:COLUMN: …".
    void add(Position position, ErrorCode code, const std::string& message);
    /// An error that names its place itself.
    void add(const Error& error);
    bool empty() const { return codes_.empty(); }
    /// One error: the code that all have, else `invalid`. Requires: not empty.
    Error to_error() const;

  private:
    std::string source_name_;
    std::vector<ErrorCode> codes_;
    std::vector<std::string> lines_;
    std::size_t left_out_ = 0;
};

}  // namespace backout
