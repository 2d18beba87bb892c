#pragma once
// A value or an Error. Operating errors travel as results; programmer errors assert; nothing throws across a room.

#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "base/assert.h"
#include "base/error.h"

namespace backout {

template <typename T>
class [[nodiscard]] Result {
  public:
    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT(google-explicit-constructor)
    Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT(google-explicit-constructor)

    bool ok() const { return state_.index() == 0; }
    explicit operator bool() const { return ok(); }

    T& value() & {
        BACKOUT_ASSERT(ok());
        return std::get<0>(state_);
    }
    const T& value() const& {
        BACKOUT_ASSERT(ok());
        return std::get<0>(state_);
    }
    T&& value() && {
        BACKOUT_ASSERT(ok());
        return std::get<0>(std::move(state_));
    }
    T& operator*() & { return value(); }
    const T& operator*() const& { return value(); }
    T&& operator*() && { return std::move(*this).value(); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }
    T value_or(T fallback) const { return ok() ? std::get<0>(state_) : std::move(fallback); }

    const Error& error() const& {
        BACKOUT_ASSERT(!ok());
        return std::get<1>(state_);
    }
    Error&& error() && {
        BACKOUT_ASSERT(!ok());
        return std::get<1>(std::move(state_));
    }

  private:
    std::variant<T, Error> state_;
};

/// Success without a value, or an Error.
template <>
class [[nodiscard]] Result<void> {
  public:
    Result() = default;
    Result(Error error) : error_(std::move(error)) {}  // NOLINT(google-explicit-constructor)

    bool ok() const { return !error_.has_value(); }
    explicit operator bool() const { return ok(); }
    const Error& error() const& {
        BACKOUT_ASSERT(!ok());
        return *error_;
    }
    Error&& error() && {
        BACKOUT_ASSERT(!ok());
        return std::move(*error_);
    }

  private:
    std::optional<Error> error_;
};

using Status = Result<void>;

}  // namespace backout

#define BACKOUT_CONCAT_INNER(a, b) a##b
#define BACKOUT_CONCAT(a, b) BACKOUT_CONCAT_INNER(a, b)

/// Returns the error of a Status or Result from the enclosing function.
#define BACKOUT_TRY(expression)                                                     \
    do {                                                                            \
        auto backout_try_result = (expression);                                     \
        if (!backout_try_result.ok()) return std::move(backout_try_result).error(); \
    } while (false)

/// Declares `declaration` from the value of a Result, or returns its error: BACKOUT_TRY_ASSIGN(auto fd, open(path));
#define BACKOUT_TRY_ASSIGN(declaration, expression) \
    BACKOUT_TRY_ASSIGN_INNER(BACKOUT_CONCAT(backout_result_, __LINE__), declaration, expression)
#define BACKOUT_TRY_ASSIGN_INNER(name, declaration, expression) \
    auto name = (expression);                                   \
    if (!name.ok()) return std::move(name).error();             \
    declaration = std::move(name).value()
