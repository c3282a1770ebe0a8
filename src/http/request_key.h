// What of a request its key is made of: a server is chosen by one, a rate is counted by one.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/settings.h"
#include "http/message.h"

namespace fairlead::http {

enum class KeySource : uint8_t {
  None,
  ClientIp,
  Path,
  Uri,
  Host,
  Route,
  All,
  Header,
  Cookie,
  Param
};

struct RequestKey {
  KeySource source = KeySource::None;
  std::string name;  // of the field, the cookie or the parameter

  // "client_ip", "header:X-User": as the configuration has it.
  std::string text() const;
};

// Is it made of something with a name: a field, a cookie, a parameter?
constexpr bool hasName(KeySource source) { return source >= KeySource::Header; }

// The source that `text` begins with, up to a colon, among those of `allowed`.
std::optional<KeySource> keySourceOf(std::string_view text, std::span<const KeySource> allowed);
// "client_ip, path, header:NAME or cookie:NAME", for messages.
std::string listOf(std::span<const KeySource> allowed);
// A fault is reported at the value's place.
std::optional<RequestKey> readRequestKey(const Value& value, std::span<const KeySource> allowed,
                                         Diagnostics& out);

// The text of the field, the cookie or the parameter that the key names, as the client sent it.
// Nothing when the request has none, or for a source without a name.
std::optional<std::string_view> namedText(const RequestKey& key, const RequestHead& head);

}  // namespace fairlead::http
