// The words that logs and tests use for failures.
#include "base/result.h"

#include <array>

namespace fairlead {

std::string_view nameOf(FailureKind kind) {
  static constexpr std::array<std::string_view, 22> kNames{
      "connect_refused", "connect_timeout", "connect_failed", "no_descriptors", "closed",
      "reset",           "timeout",         "too_slow",       "malformed",      "too_large",
      "no_server",       "overloaded",      "queue_full",     "queue_timeout",  "shed",
      "breaker_open",    "overtaken",       "client_gone",    "deadline",       "draining",
      "unsupported",     "internal"};
  return kNames[static_cast<size_t>(kind)];
}

std::string_view nameOf(Step step) {
  static constexpr std::array<std::string_view, 9> kNames{
      "request_head", "request_body",  "route",         "choose", "connect",
      "send",         "response_head", "response_body", "tunnel"};
  return kNames[static_cast<size_t>(step)];
}

std::string_view nameOf(Side side) {
  static constexpr std::array<std::string_view, 3> kNames{"client", "upstream", "fairlead"};
  return kNames[static_cast<size_t>(side)];
}

}  // namespace fairlead
