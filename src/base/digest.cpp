#include "base/digest.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

#include "base/assert.h"
#include "base/bytes.h"

namespace backout {

// libcrypto fails here only when memory or the library itself is broken; a digest that can't be trusted must not be
// returned, so each failure asserts.
struct Sha256::State {
    EVP_MD_CTX* context = EVP_MD_CTX_new();

    State() {
        BACKOUT_ASSERT(context != nullptr);
        BACKOUT_ASSERT(EVP_DigestInit_ex(context, EVP_sha256(), nullptr) == 1);
    }
    ~State() { EVP_MD_CTX_free(context); }
    State(const State&) = delete;
    State& operator=(const State&) = delete;

    std::string finish() {
        std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
        unsigned length = 0;
        BACKOUT_ASSERT(EVP_DigestFinal_ex(context, digest.data(), &length) == 1);
        return {reinterpret_cast<const char*>(digest.data()), length};
    }
};

Sha256::Sha256() : state_(std::make_unique<State>()) {}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(std::string_view bytes) {
    BACKOUT_ASSERT(state_ != nullptr);
    BACKOUT_ASSERT(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()) == 1);
}

std::string Sha256::finish_hex() {
    BACKOUT_ASSERT(state_ != nullptr);
    std::string hex = to_hex(state_->finish());
    state_.reset();
    return hex;
}

std::string sha256_hex(std::string_view bytes) {
    return to_hex(sha256_raw(bytes));
}

std::string sha256_raw(std::string_view bytes) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned length = 0;
    BACKOUT_ASSERT(EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, EVP_sha256(), nullptr) == 1);
    return {reinterpret_cast<const char*>(digest.data()), length};
}

std::string hmac_sha256_hex(std::string_view key, std::string_view bytes) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned length = 0;
    const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
    // To libcrypto a null key means "the key of the last call"; an empty one needs an address.
    const char* key_bytes = key.empty() ? "" : key.data();
    const unsigned char* made =
        HMAC(EVP_sha256(), key_bytes, static_cast<int>(key.size()), data, bytes.size(), digest.data(), &length);
    BACKOUT_ASSERT(made != nullptr);
    return to_hex({reinterpret_cast<const char*>(digest.data()), length});
}

}  // namespace backout
