// Request targets (RFC 9112 section 3.2) and the one canonical path that everybody matches on.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string_view>

#include "base/arena.h"

namespace fairlead::http {

enum class TargetForm : uint8_t { Origin, Absolute, Authority, Asterisk };

// Views into the receive buffer or, where canonicalisation changed bytes, into the arena.
struct Target {
  TargetForm form = TargetForm::Origin;
  std::string_view scheme;     // absolute form only, as received
  std::string_view authority;  // absolute and authority form only, as received
  // Canonical; "*" for the asterisk form, "/" for a bare authority. Never empty.
  std::string_view path;
  // As received, for `path_policy: raw`; "/" when the absolute form had none.
  std::string_view raw_path;
  std::string_view query;  // without the "?"; its bytes are never judged
  bool has_query = false;  // tells "/x?" from "/x"
};

// Why a target or path was refused: one sentence for the client and the log. Static storage.
struct TargetFault {
  std::string_view sentence;
};

// Splits and canonicalises a request target. `raw` has no spaces and no controls (the parser saw to
// that); `is_connect` and `is_options` say which forms the method allows.
// No copy is made when the path is canonical already, which a vectorised scan decides.
std::expected<Target, TargetFault> parseTarget(std::string_view raw, bool is_connect,
                                               bool is_options, Arena& arena);

// The canonical form of an absolute path: `//` merged, then unreserved %xx decoded, other %xx in
// upper case, `.` and `..` resolved; %2F and %5C stay; %00, controls, bad %, a dot segment followed
// by ';' and climbing above the root are faults. Idempotent.
// Spaces and bytes beyond ASCII, which only a configured path can hold, become escapes.
std::expected<std::string_view, TargetFault> canonicalPath(std::string_view path, Arena& arena);

// A Host value, or the authority of an absolute target: is it one uri-host with an optional port
// (RFC 9110 section 7.2)? Userinfo, several hosts and controls are not.
bool isValidAuthority(std::string_view authority);

// The host of an authority for matching: no port, no trailing dot, lower case (brackets of an IPv6
// literal kept). Returns a view of `authority` when nothing had to change.
std::string_view canonicalHost(std::string_view authority, Arena& arena);

// Both at once: the canonical host of an authority, or nothing when that is not valid.
std::optional<std::string_view> hostOf(std::string_view authority, Arena& arena);

// Is `path` the prefix itself or below it, by whole segments? `/` has everything below it.
constexpr bool isAtOrBelow(std::string_view path, std::string_view prefix) {
  if (prefix == "/") return true;
  if (!path.starts_with(prefix)) return false;
  return path.size() == prefix.size() || path[prefix.size()] == '/';
}

}  // namespace fairlead::http
