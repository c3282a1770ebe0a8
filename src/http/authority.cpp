// The host and port of a request: what is valid, and the one spelling that routing compares.
#include <algorithm>

#include "base/ascii.h"
#include "base/ip_address.h"
#include "http/byte_class.h"
#include "http/scan.h"
#include "http/target.h"

namespace fairlead::http {

namespace {

constexpr size_t kLongestPort = 5;

// Empty is allowed: port = *DIGIT (RFC 3986 section 3.2.3).
bool isPort(std::string_view text) {
  if (text.size() > kLongestPort) return false;
  unsigned port = 0;
  for (const char c : text) {
    if (!ascii::isDigit(c)) return false;
    port = port * 10 + static_cast<unsigned>(c - '0');
  }
  return port <= 65535;
}

bool isIpLiteral(std::string_view brackets_and_all) {
  const std::string_view inner = brackets_and_all.substr(1, brackets_and_all.size() - 2);
  return inner.find(':') != std::string_view::npos && IpAddress::parse(inner).has_value();
}

// reg-name of RFC 3986 section 3.2.2, but with no label empty, and without escapes, which DNS knows
// none of: rules about hosts would be got around by either.
bool isRegisteredName(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  if (name.empty() || name.starts_with('.') || name.ends_with('.')) return false;
  return name.find("..") == std::string_view::npos && std::ranges::all_of(name, isHostByte);
}

// Where the host of a valid authority ends: at its ']' or before its ':'.
size_t hostEnd(std::string_view authority) {
  if (!authority.starts_with('[')) return std::min(authority.find(':'), authority.size());
  const size_t bracket = authority.find(']');
  return bracket == std::string_view::npos ? authority.size() : bracket + 1;
}

// RFC 5952. What is no IPv6 address is returned as it is.
std::string_view canonicalLiteral(std::string_view literal, Arena& arena) {
  const auto address = IpAddress::parse(literal.substr(1, literal.size() - 2));
  if (!address || address->isV4()) return literal;
  char* const text = arena.allocate(IpAddress::kMaxText + 2);
  const size_t length = address->format(text + 1);
  text[0] = '[';
  text[length + 1] = ']';
  return {text, length + 2};
}

// Where a name that is valid and canonical as it stands ends: behind it is nothing, or ':' and
// perhaps a port. 0: the authority wants a closer look.
size_t canonicalNameEnd(std::string_view authority) {
  const size_t end = scan().findOddInHost(authority.data(), authority.size());
  const bool ends = end == authority.size() || authority[end] == ':';
  return ends && end > 0 && authority[0] != '.' && authority[end - 1] != '.' ? end : 0;
}

bool isNothingOrPort(std::string_view text) {
  return text.empty() || (text[0] == ':' && isPort(text.substr(1)));
}

// What canonicalNameEnd wants looked at.
bool isOddButValid(std::string_view authority) {
  const size_t end = hostEnd(authority);
  const std::string_view host = authority.substr(0, end);
  if (!isNothingOrPort(authority.substr(end))) return false;
  if (!host.starts_with('[')) return isRegisteredName(host);
  return host.size() > 2 && host.ends_with(']') && isIpLiteral(host);
}

std::string_view rewriteHost(std::string_view authority, Arena& arena) {
  std::string_view host = authority.substr(0, hostEnd(authority));
  if (host.ends_with('.')) host.remove_suffix(1);
  if (host.starts_with('[')) host = canonicalLiteral(host, arena);
  bool capitals = false;
  for (const char c : host) capitals |= c >= 'A' && c <= 'Z';
  if (!capitals) return host;
  char* const small = arena.allocate(host.size());
  for (size_t i = 0; i < host.size(); ++i) small[i] = ascii::lower(host[i]);
  return {small, host.size()};
}

}  // namespace

bool isValidAuthority(std::string_view authority) {
  const size_t name_end = canonicalNameEnd(authority);
  return name_end > 0 ? isNothingOrPort(authority.substr(name_end)) : isOddButValid(authority);
}

std::string_view canonicalHost(std::string_view authority, Arena& arena) {
  const size_t name_end = canonicalNameEnd(authority);
  return name_end > 0 ? authority.substr(0, name_end) : rewriteHost(authority, arena);
}

std::optional<std::string_view> hostOf(std::string_view authority, Arena& arena) {
  const size_t name_end = canonicalNameEnd(authority);
  if (name_end > 0 && isNothingOrPort(authority.substr(name_end)))
    return authority.substr(0, name_end);
  if (name_end > 0 || !isOddButValid(authority)) return std::nullopt;
  return rewriteHost(authority, arena);
}

}  // namespace fairlead::http
