// Making tokens and finding them again.
#include "upstream/sticky_table.h"

#include "tls/hmac.h"

namespace fairlead::upstream {
namespace {

constexpr size_t kTokenBytes = 16;

// Base64 for URLs without padding (RFC 4648 section 5).
template <typename Bytes>
std::string base64Of(const Bytes& bytes, size_t count) {
  static constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string text;
  uint32_t bits = 0;
  int have = 0;
  for (size_t i = 0; i < count; ++i) {
    bits = bits << 8 | bytes[i];
    for (have += 8; have >= 6; have -= 6) text += kDigits[bits >> (have - 6) & 63];
  }
  if (have > 0) text += kDigits[bits << (6 - have) & 63];
  return text;
}

}  // namespace

std::string stickyToken(std::string_view secret, std::string_view pool, std::string_view server) {
  std::string message(pool);
  message += '\0';
  message += server;
  return base64Of(tls::hmacSha256(secret, message), kTokenBytes);
}

StickyTable::StickyTable(std::string_view secret, std::string_view pool,
                         const std::vector<std::shared_ptr<Server>>& servers) {
  for (const auto& server : servers) tokens_.push_back(stickyToken(secret, pool, server->name));
  for (size_t i = 0; i < tokens_.size(); ++i) servers_.emplace(tokens_[i], i);
}

size_t StickyTable::find(std::string_view token) const {
  const auto found = servers_.find(token);
  return found == servers_.end() ? kNone : found->second;
}

}  // namespace fairlead::upstream
