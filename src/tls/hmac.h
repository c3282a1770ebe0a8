// Keyed hashes (RFC 2104), for values that only this fairlead can have made.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace fairlead::tls {

// HMAC with SHA-256.
std::array<uint8_t, 32> hmacSha256(std::string_view key, std::string_view message);

}  // namespace fairlead::tls
