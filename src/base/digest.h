#pragma once
// SHA-256 (FIPS 180-4) by libcrypto, in one go or as a stream.

#include <memory>
#include <string>
#include <string_view>

namespace backout {

/// 64 lower-case hex digits.
std::string sha256_hex(std::string_view bytes);
/// 32 raw bytes.
std::string sha256_raw(std::string_view bytes);
/// HMAC-SHA-256 as 64 hex digits: expectations about secrets are keyed, so that they can't be guessed from the digest.
std::string hmac_sha256_hex(std::string_view key, std::string_view bytes);

class Sha256 {
  public:
    Sha256();
    ~Sha256();
    Sha256(Sha256&&) noexcept;
    Sha256& operator=(Sha256&&) noexcept;
    Sha256(const Sha256&) = delete;
    Sha256& operator=(const Sha256&) = delete;

    void update(std::string_view bytes);
    /// 64 hex digits. Requires: called once; afterwards the object can only be destroyed.
    std::string finish_hex();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace backout
