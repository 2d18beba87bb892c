#include "base/digest.h"

#include <gtest/gtest.h>

#include "base/bytes.h"

namespace backout {
namespace {

TEST(Sha256, AgreesWithTheVectorsOfFips180) {
    EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(sha256_hex(std::string(1'000'000, 'a')),
              "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    EXPECT_EQ(to_hex(sha256_raw("abc")), sha256_hex("abc"));
    EXPECT_EQ(sha256_hex(std::string_view{}), sha256_hex(""));
}

TEST(Sha256, AsAStreamGivesTheSameAsInOneGo) {
    const std::string bytes(100'000, 'x');
    Sha256 stream;
    for (std::size_t offset = 0; offset < bytes.size(); offset += 777) {
        stream.update(std::string_view(bytes).substr(offset, 777));
    }
    EXPECT_EQ(stream.finish_hex(), sha256_hex(bytes));
}

TEST(Sha256, CanBeMovedInMidStream) {
    Sha256 first;
    first.update("ab");
    Sha256 second = std::move(first);
    second.update("c");
    Sha256 third;
    third = std::move(second);
    EXPECT_EQ(third.finish_hex(), sha256_hex("abc"));
}

TEST(Sha256DeathTest, RefusesUseAfterTheEnd) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    Sha256 stream;
    EXPECT_EQ(stream.finish_hex(), sha256_hex(""));
    EXPECT_DEATH(stream.update("more"), "internal error");
}

TEST(HmacSha256, AgreesWithTheVectorsOfRfc4231) {
    EXPECT_EQ(hmac_sha256_hex(std::string(20, '\x0b'), "Hi There"),
              "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
    EXPECT_EQ(hmac_sha256_hex("Jefe", "what do ya want for nothing?"),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    EXPECT_EQ(hmac_sha256_hex(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First"),
              "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

TEST(HmacSha256, TakesAnEmptyKey) {
    EXPECT_EQ(hmac_sha256_hex({}, {}), "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

}  // namespace
}  // namespace backout
