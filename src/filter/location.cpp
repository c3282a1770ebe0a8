// Maps references and cookie paths of a response back through the change that its request went
// through.
#include "filter/location.h"

#include <optional>

#include "base/ascii.h"
#include "filter/filter.h"
#include "http/target.h"

namespace fairlead::filter {
namespace {

using http::Field;
using http::FieldId;

constexpr uint64_t kReferences = http::maskOf(FieldId::Location, FieldId::ContentLocation);

bool isBelow(std::string_view path, std::string_view prefix) {
  return http::isAtOrBelow(path, prefix.empty() ? "/" : prefix);
}

// The client's path for one of the server's, or nothing when it is the same. Dot segments are
// resolved before the path is judged, as the client would resolve them.
std::optional<std::string_view> mapPath(std::string_view path, const PathMapping& mapping,
                                        Arena& arena) {
  if (!mapping.prefix_changed) return std::nullopt;
  const auto canonical = http::canonicalPath(path, arena);
  if (!canonical || !isBelow(*canonical, mapping.inner)) return std::nullopt;
  const std::string_view rest = canonical->substr(mapping.inner.size());
  if (!mapping.outer.empty()) return arena.join(mapping.outer, rest);
  // Browsers read `/\` at the front as `//`: the path must not become the name of a host.
  if (rest.starts_with("/\\")) return std::nullopt;
  return rest.empty() ? "/" : rest;
}

std::string_view withoutPort(std::string_view authority, std::string_view port) {
  if (authority.ends_with(port)) authority.remove_suffix(port.size());
  return authority;
}

// Is this the same place, whether or not the scheme's own port is written?
bool isSameAuthority(std::string_view a, std::string_view b, std::string_view scheme) {
  const std::string_view port = ascii::equalsIgnoreCase(scheme, "https") ? ":443" : ":80";
  return ascii::equalsIgnoreCase(withoutPort(a, port), withoutPort(b, port));
}

// An absolute http or https URL, taken apart: "scheme" "://" "authority" "path" "rest".
struct Url {
  std::string_view scheme;
  std::string_view authority;
  std::string_view path;  // may be empty
  std::string_view rest;  // query and fragment
};

std::optional<Url> parseUrl(std::string_view text) {
  const size_t colon = text.find("://");
  if (colon == std::string_view::npos) return std::nullopt;
  Url url;
  url.scheme = text.substr(0, colon);
  if (!ascii::equalsIgnoreCase(url.scheme, "http") && !ascii::equalsIgnoreCase(url.scheme, "https"))
    return std::nullopt;
  text.remove_prefix(colon + 3);
  url.authority = text.substr(0, text.find_first_of("/?#"));
  text.remove_prefix(url.authority.size());
  url.path = text.substr(0, text.find_first_of("?#"));
  url.rest = text.substr(url.path.size());
  return url;
}

std::optional<std::string_view> mapUrl(const Url& url, const PathMapping& mapping,
                                       const LocationFacts& facts, Arena& arena) {
  if (facts.client_authority.empty()) return std::nullopt;
  const auto names = [&](std::string_view authority) {
    return !authority.empty() && isSameAuthority(url.authority, authority, url.scheme);
  };
  const bool is_clients = names(facts.client_authority);
  if (!is_clients && !names(facts.sent_authority) && !names(facts.server_address))
    return std::nullopt;
  const auto path = mapPath(url.path.empty() ? "/" : url.path, mapping, arena);
  if (is_clients && !path) return std::nullopt;
  constexpr std::string_view kColon = "://";
  return is_clients ? arena.join(url.scheme, kColon, url.authority, *path, url.rest)
                    : arena.join(facts.client_scheme, kColon, facts.client_authority,
                                 path.value_or(url.path), url.rest);
}

std::optional<std::string_view> mapReference(std::string_view text, const PathMapping& mapping,
                                             const LocationFacts& facts, Arena& arena) {
  if (text.starts_with("//")) return std::nullopt;
  if (!text.starts_with('/')) {
    const auto url = parseUrl(text);
    return url ? mapUrl(*url, mapping, facts, arena) : std::nullopt;
  }
  const std::string_view path = text.substr(0, text.find_first_of("?#"));
  const auto mapped = mapPath(path, mapping, arena);
  if (!mapped) return std::nullopt;
  return path.size() == text.size() ? *mapped : arena.join(*mapped, text.substr(path.size()));
}

// The path of a cookie, which clients compare as text (RFC 6265 section 5.1.4).
std::optional<std::string_view> mapCookiePath(std::string_view path, const PathMapping& mapping,
                                              Arena& arena) {
  if (!path.starts_with('/') || !isBelow(path, mapping.inner)) return std::nullopt;
  const std::string_view rest = path.substr(mapping.inner.size());
  if (mapping.outer.empty()) return rest.empty() ? "/" : rest;
  // A cookie for `/api/` would not be sent to `/api`.
  return rest == "/" && mapping.inner.empty() ? mapping.outer : arena.join(mapping.outer, rest);
}

// Is this attribute of a Set-Cookie its Path? `value` becomes a view of its value then.
bool isPath(std::string_view attribute, std::string_view& value) {
  const size_t equals = attribute.find('=');
  if (equals == std::string_view::npos) return false;
  value = ascii::trim(attribute.substr(equals + 1));
  return ascii::equalsIgnoreCase(ascii::trim(attribute.substr(0, equals)), "path");
}

std::optional<std::string_view> mapCookie(std::string_view cookie, const PathMapping& mapping,
                                          Arena& arena) {
  if (!mapping.prefix_changed || cookie.starts_with(kOwnCookiePrefix)) return std::nullopt;
  std::optional<std::string_view> result;
  for (size_t at = cookie.find(';'); at != std::string_view::npos;) {
    const size_t end = std::min(cookie.find(';', at + 1), cookie.size());
    std::string_view path;
    const bool is_path = isPath(cookie.substr(at + 1, end - at - 1), path);
    at = end < cookie.size() ? end : std::string_view::npos;
    if (!is_path) continue;
    const auto mapped = mapCookiePath(path, mapping, arena);
    if (!mapped) continue;
    const auto before = static_cast<size_t>(path.data() - cookie.data());
    result = arena.join(cookie.substr(0, before), *mapped, cookie.substr(before + path.size()));
    cookie = *result;
    at = cookie.find(';', before + mapped->size());
  }
  return result;
}

std::optional<std::string_view> mapField(const Field& field, const PathMapping& mapping,
                                         const LocationFacts& facts, Arena& arena) {
  if (field.id() == FieldId::SetCookie) return mapCookie(field.value(), mapping, arena);
  if ((http::maskOf(field.id()) & kReferences) == 0) return std::nullopt;
  return mapReference(field.value(), mapping, facts, arena);
}

}  // namespace

void mapLocations(http::Fields& fields, const PathMapping& mapping, const LocationFacts& facts,
                  Arena& arena) {
  if (!fields.mayHave(kReferences | http::maskOf(FieldId::SetCookie))) return;
  for (size_t i = 0; i < fields.size(); ++i) {
    const auto value = mapField(fields[i], mapping, facts, arena);
    if (value) fields.setValue(i, *value, arena);  // what would be too long stays as it is
  }
}

}  // namespace fairlead::filter
