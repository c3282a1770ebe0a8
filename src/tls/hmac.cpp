// OpenSSL's HMAC.
#include "tls/hmac.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <stdexcept>

namespace fairlead::tls {

std::array<uint8_t, 32> hmacSha256(std::string_view key, std::string_view message) {
  std::array<uint8_t, 32> result{};
  unsigned int length = 0;
  if (key.empty()) key = "";  // OpenSSL takes a null pointer for no key at all, and fails
  const auto* bytes = reinterpret_cast<const unsigned char*>(message.data());
  if (!::HMAC(::EVP_sha256(), key.data(), static_cast<int>(key.size()), bytes, message.size(),
              result.data(), &length) ||
      length != result.size())
    throw std::runtime_error("OpenSSL has no HMAC with SHA-256");
  return result;
}

}  // namespace fairlead::tls
