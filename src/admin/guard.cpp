// Host, Origin and Authorization of a request to the API.
#include "admin/guard.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/ip_address.h"

namespace fairlead::admin {
namespace {

using http::FieldId;

bool isAddress(std::string_view host) {
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  return IpAddress::parse(host).has_value();
}

bool isNamedHere(std::string_view host, const AdminSettings& settings) {
  if (isAddress(host) || isLocalhost(host)) return true;
  return std::ranges::any_of(
      settings.names, [&](const std::string& name) { return ascii::equalsIgnoreCase(name, host); });
}

// RFC 6454: a scheme and an authority, or `null`. (No page comes over TLS while the API does not.)
bool isOwnOrigin(std::string_view origin, std::string_view authority) {
  constexpr std::string_view kScheme = "http://";
  return origin.starts_with(kScheme) &&
         ascii::equalsIgnoreCase(origin.substr(kScheme.size()), authority);
}

// Takes as long wherever the two differ, so that nobody can guess a token piece by piece.
bool sameSecret(std::string_view given, std::string_view secret) {
  unsigned difference = given.size() == secret.size() ? 0 : 1;
  for (size_t i = 0; i < given.size(); ++i)
    difference |= static_cast<unsigned char>(given[i] ^ secret[i % secret.size()]);
  return difference == 0;
}

bool showsToken(const http::Fields& fields, std::string_view token) {
  constexpr std::string_view kScheme = "Bearer ";
  const auto [field, several] = fields.findOnly(FieldId::Authorization);
  if (field == nullptr || several) return false;
  const std::string_view value = field->value();
  if (!ascii::equalsIgnoreCase(value.substr(0, kScheme.size()), kScheme)) return false;
  return sameSecret(ascii::trim(value.substr(kScheme.size())), token);
}

}  // namespace

std::optional<Refusal> refusalOf(const http::RequestHead& head, Transport transport,
                                 const AdminSettings& settings) {
  if (transport == Transport::Tcp && !isNamedHere(head.host, settings))
    return Refusal{403,
                   "the Host of this request is neither an IP address nor localhost; ask by "
                   "address, as a web page could have given any other name"};
  for (const http::Field& field : head.fields)
    if (field.id() == FieldId::Origin && !isOwnOrigin(field.value(), head.authority))
      return Refusal{403, "web pages of another origin may not ask this"};
  if (!settings.token.empty() && !showsToken(head.fields, settings.token))
    return Refusal{401, "this needs the token: Authorization: Bearer TOKEN"};
  return std::nullopt;
}

}  // namespace fairlead::admin
