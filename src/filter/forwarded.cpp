// Finding the client behind trusted proxies, and telling the server who it is.
#include "filter/forwarded.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/ascii.h"
#include "base/short_copy.h"
#include "filter/entries.h"
#include "http/semantics.h"

namespace fairlead::filter {
namespace {

using http::Field;
using http::FieldId;
using http::Fields;

constexpr uint64_t kSaidOfClients = http::maskOf(
    FieldId::Forwarded, FieldId::XRealIp, FieldId::XForwardedFor, FieldId::XForwardedHost,
    FieldId::XForwardedPort, FieldId::XForwardedProto, FieldId::XForwardedOther);

constexpr size_t kLongestRequestId = 128;

bool isPort(std::string_view text) {
  return !text.empty() && text.size() <= 5 && std::ranges::all_of(text, ascii::isDigit);
}

// One element of X-Forwarded-For: an address, with a port if the proxy writes
// one: 1.2.3.4, 1.2.3.4:567,
// ::1, [::1], [::1]:567. Quotes, names and `unknown` are no address.
std::optional<IpAddress> parseElement(std::string_view text) {
  if (text.starts_with('[')) {
    const size_t close = text.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    const std::string_view rest = text.substr(close + 1);
    if (!rest.empty() && (rest[0] != ':' || !isPort(rest.substr(1)))) return std::nullopt;
    return IpAddress::parse(text.substr(1, close - 1));
  }
  const size_t colon = text.find(':');
  const bool has_port = colon != std::string_view::npos && text.find('.') < colon;
  if (!has_port) return IpAddress::parse(text);
  if (!isPort(text.substr(colon + 1))) return std::nullopt;
  return IpAddress::parse(text.substr(0, colon));
}

// Calls `visit(element)` from the right to the left until it returns false; empty elements are
// skipped (RFC 9110 section 5.6.1.2). Returns whether the walk may go on to the field before.
template <typename Visit>
bool walkBackwards(std::string_view list, Visit visit) {
  while (!list.empty()) {
    const size_t comma = list.rfind(',');
    const bool is_last = comma == std::string_view::npos;
    const std::string_view element = ascii::trim(is_last ? list : list.substr(comma + 1));
    if (!element.empty() && !visit(element)) return false;
    list = is_last ? std::string_view() : list.substr(0, comma);
  }
  return true;
}

IpAddress findClient(const Fields& fields, const TrustedProxies& trusted, const IpAddress& peer) {
  IpAddress client = peer;
  const auto step = [&](std::string_view element) {
    const auto address = parseElement(element);
    if (address) client = *address;
    return address && trusted.trusts(*address);
  };
  for (size_t i = fields.size(); i > 0; --i) {
    const Field& field = fields[i - 1];
    if (field.id() == FieldId::XForwardedFor && !walkBackwards(field.value(), step)) break;
  }
  return client;
}

// What the trusted peer itself says stands last. Empty when it says nothing that is known.
std::string_view forwardedScheme(const Fields& fields) {
  std::string_view last;
  for (const Field& field : fields)
    if (field.id() == FieldId::XForwardedProto)
      ascii::forEachListElement(field.value(), [&](std::string_view e) { last = e; });
  if (ascii::equalsIgnoreCase(last, "https")) return "https";
  if (ascii::equalsIgnoreCase(last, "http")) return "http";
  return {};
}

// All fields of the name and the peer's address, as one list.
std::string_view extendedFor(const Fields& fields, std::string_view peer, Arena& arena) {
  std::string_view list;
  for (const Field& field : fields) {
    if (field.id() != FieldId::XForwardedFor || field.value().empty()) continue;
    list = list.empty() ? field.value() : arena.join(list, ", ", field.value());
  }
  return list.empty() ? peer : arena.join(list, ", ", peer);
}

// "Name: value" as Field::make renders it, but of a name that is known here, so that it is copied
// without a call.
template <FieldId Id, size_t N>
Field lineOf(const char (&name_and_colon)[N], std::string_view value, Arena& arena) {
  constexpr size_t kValueBegin = N - 1;
  const size_t length = kValueBegin + value.size() + 2;
  char* const line = arena.allocate(length);
  std::memcpy(line, name_and_colon, kValueBegin);
  copyShort(line + kValueBegin, value.data(), value.size());
  std::memcpy(line + length - 2, "\r\n", 2);
  return Field::ofLine({line, length}, kValueBegin - 2, Id);
}

bool setFor(Fields& fields, const Scene& scene) {
  char buffer[IpAddress::kMaxText];
  const std::string_view peer(buffer, scene.client.peer.format(buffer));
  const std::string_view value = fields.mayHave(http::maskOf(FieldId::XForwardedFor))
                                     ? extendedFor(fields, peer, scene.arena)
                                     : peer;
  return fields.set(lineOf<FieldId::XForwardedFor>("X-Forwarded-For: ", value, scene.arena));
}

// A trusted proxy's word stands, as long as it is one word that means something.
bool setProto(Fields& fields, const Scene& scene) {
  if (fields.countOf(FieldId::XForwardedProto) == 1 && !forwardedScheme(fields).empty())
    return true;
  return fields.set(
      lineOf<FieldId::XForwardedProto>("X-Forwarded-Proto: ", scene.client.scheme, scene.arena));
}

bool setHost(http::RequestHead& head, const Scene& scene) {
  if (head.authority.empty() || head.fields.find(FieldId::XForwardedHost)) return true;
  return head.fields.add(
      lineOf<FieldId::XForwardedHost>("X-Forwarded-Host: ", head.authority, scene.arena));
}

bool isRequestId(const Fields& fields) {
  if (fields.countOf(FieldId::XRequestId) != 1) return false;
  const std::string_view id = fields.valueOf(FieldId::XRequestId);
  return id.size() <= kLongestRequestId && http::isToken(id);
}

// Eight digits at once, one for the low half of each octet.
uint64_t hexDigits(uint64_t octets) {
  constexpr uint64_t kEach = 0x0101010101010101;
  const uint64_t x = octets & 0x0F * kEach;
  const uint64_t is_letter = (x + 6 * kEach) >> 4 & kEach;
  return x + '0' * kEach + is_letter * ('a' - '9' - 1);
}

// Sixteen digits, the highest first: those of the high halves and of the low ones take turns.
void writeHex(uint64_t bits, char* to) {
  using Octets [[gnu::vector_size(8)]] = char;
  if constexpr (std::endian::native == std::endian::little) bits = __builtin_bswap64(bits);
  const auto high = std::bit_cast<Octets>(hexDigits(bits >> 4));
  const auto low = std::bit_cast<Octets>(hexDigits(bits));
  const auto digits =
      __builtin_shufflevector(high, low, 0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15);
  std::memcpy(to, &digits, sizeof digits);
}

Field newRequestId(Arena& arena, Random& random) {
  constexpr std::string_view kName = "X-Request-Id: ";
  constexpr size_t kDigits = 32;
  constexpr size_t kLine = kName.size() + kDigits + 2;
  char* const line = arena.allocate(kLine);
  std::memcpy(line, kName.data(), kName.size());
  writeHex(random.next(), line + kName.size());
  writeHex(random.next(), line + kName.size() + kDigits / 2);
  std::memcpy(line + kLine - 2, "\r\n", 2);
  return Field::ofLine({line, kLine}, kName.size() - 2, FieldId::XRequestId);
}

// A Connection that named it as belonging to one hop has had it removed.
bool keepRequestId(Fields& fields, const Scene& scene) {
  if (fields.find(FieldId::XRequestId) || scene.request.request_id.empty()) return true;
  return fields.add(Field::make(scene.arena, FieldId::XRequestId, scene.request.request_id));
}

}  // namespace

void TrustedProxies::read(const Value& value, Diagnostics& out) {
  for (const NetworkEntry& entry : readNetworks(value, out))
    networks_.push_back({entry.cidr, entry.mark});
}

bool TrustedProxies::trusts(const IpAddress& address) const {
  return std::ranges::any_of(
      networks_, [&](const Network& network) { return network.cidr.contains(address); });
}

Value TrustedProxies::show() const {
  Value networks = Value::list();
  for (const Network& network : networks_)
    networks.items.push_back(Value::scalar(network.cidr.text(), network.mark));
  return networks;
}

void identifyClient(http::RequestHead& head, const TrustedProxies& trusted, ClientFacts& facts) {
  facts.client = facts.peer;
  facts.peer_trusted = !trusted.empty() && trusted.trusts(facts.peer);
  if (!facts.peer_trusted) {
    head.fields.eraseAll(kSaidOfClients);
    return;
  }
  facts.client = findClient(head.fields, trusted, facts.peer);
  if (const std::string_view scheme = forwardedScheme(head.fields); !scheme.empty())
    facts.scheme = scheme;
}

std::string_view setRequestId(http::RequestHead& head, Arena& arena, Random& random) {
  if (isRequestId(head.fields)) return head.fields.valueOf(FieldId::XRequestId);
  const Field field = newRequestId(arena, random);
  head.fields.set(field);
  return field.value();
}

bool setForwarded(http::RequestHead& head, const Scene& scene) {
  return setFor(head.fields, scene) && setProto(head.fields, scene) && setHost(head, scene) &&
         keepRequestId(head.fields, scene);
}

}  // namespace fairlead::filter
