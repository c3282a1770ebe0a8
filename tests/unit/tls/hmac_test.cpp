// HMAC with SHA-256: the test vectors of RFC 4231 section 4.
#include "tls/hmac.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace fairlead::tls {
namespace {

std::string hexOf(const std::array<uint8_t, 32>& bytes) {
  std::string text;
  for (const uint8_t byte : bytes) text += fmt::format("{:02x}", byte);
  return text;
}

std::string countingBytes(char last) {
  std::string bytes;
  for (char byte = 1; byte <= last; ++byte) bytes += byte;
  return bytes;
}

struct Row {
  const char* name;
  std::string key;
  std::string message;
  const char* expected;  // what the result begins with
};

const Row kRows[] = {
    {"case 1", std::string(20, '\x0b'), "Hi There",
     "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
    {"case 2: a key shorter than the result", "Jefe", "what do ya want for nothing?",
     "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
    {"case 3: together longer than a block", std::string(20, '\xaa'), std::string(50, '\xdd'),
     "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"},
    {"case 4", countingBytes(25), std::string(50, '\xcd'),
     "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"},
    {"case 5: cut to 128 bits", std::string(20, '\x0c'), "Test With Truncation",
     "a3b6167473100ee06e0c796c2955552b"},
    {"case 6: a key longer than a block", std::string(131, '\xaa'),
     "Test Using Larger Than Block-Size Key - Hash Key First",
     "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
    {"case 7: both longer than a block", std::string(131, '\xaa'),
     "This is a test using a larger than block-size key and a larger than block-size data. The key "
     "needs to be hashed before being used by the HMAC algorithm.",
     "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"},
};

TEST(Hmac, AgreesWithRfc4231) {
  for (const Row& row : kRows) {
    SCOPED_TRACE(row.name);
    const std::string result = hexOf(hmacSha256(row.key, row.message));
    EXPECT_EQ(result.substr(0, std::string_view(row.expected).size()), row.expected);
  }
}

// OpenSSL takes a null pointer for no key at all, and fails.
TEST(Hmac, TakesNothingForAnEmptyKeyAndMessage) {
  constexpr const char* kOfNothing =
      "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad";
  EXPECT_NE(hexOf(hmacSha256("other", "before")), kOfNothing);
  EXPECT_EQ(hexOf(hmacSha256(std::string_view{}, std::string_view{})), kOfNothing);
  EXPECT_EQ(hexOf(hmacSha256("", "")), kOfNothing);
}

TEST(Hmac, TakesZeroBytesAsBytes) {
  const std::string with_zero("a\0b", 3);
  EXPECT_NE(hmacSha256("key", with_zero), hmacSha256("key", "a"));
  EXPECT_NE(hmacSha256(with_zero, "message"), hmacSha256("a", "message"));
}

}  // namespace
}  // namespace fairlead::tls
