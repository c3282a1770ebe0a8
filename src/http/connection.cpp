// What a head says about its connection: persistence, upgrade, expectations, hop-by-hop fields.
#include <array>

#include "base/ascii.h"
#include "http/semantics.h"

namespace fairlead::http {

namespace {

constexpr uint64_t kHopByHop =
    maskOf(FieldId::Connection, FieldId::KeepAlive, FieldId::ProxyAuthenticate,
           FieldId::ProxyAuthorization, FieldId::ProxyConnection, FieldId::ProxyOther, FieldId::Te,
           FieldId::TransferEncoding, FieldId::Upgrade);

// Fields that nobody may have removed by naming them in Connection.
constexpr uint64_t kEndToEnd = maskOf(
    FieldId::Host, FieldId::ContentLength, FieldId::Authorization, FieldId::Cookie,
    FieldId::Forwarded, FieldId::XForwardedFor, FieldId::XForwardedHost, FieldId::XForwardedPort,
    FieldId::XForwardedProto, FieldId::XForwardedOther, FieldId::XRealIp);

constexpr size_t kMostNames = 32;
constexpr std::string_view kTeTrailers = "TE: trailers\r\n";

bool listHas(const Fields& fields, FieldId id, std::string_view token) {
  if (!fields.mayHave(maskOf(id))) return false;
  bool found = false;
  for (const Field& field : fields)
    if (field.id() == id)
      ascii::forEachListElement(field.value(), [&](std::string_view element) {
        found |= ascii::equalsIgnoreCase(element, token);
      });
  return found;
}

// What Connection names: known fields as a mask, others by name.
struct NamedFields {
  uint64_t known = 0;
  size_t count = 0;
  std::array<std::string_view, kMostNames> others;
  size_t other_count = 0;

  void add(std::string_view name) {
    if (++count > kMostNames || ascii::equalsIgnoreCase(name, "close")) return;
    const uint64_t mask = maskOf(fieldIdOf(name));
    known |= mask;
    if ((mask & kFamilies) != 0) others[other_count++] = name;
  }
};

NamedFields namedByConnection(const Fields& fields) {
  NamedFields named;
  for (const Field& field : fields)
    if (field.id() == FieldId::Connection)
      ascii::forEachListElement(field.value(), [&](std::string_view name) { named.add(name); });
  return named;
}

Field teTrailers() { return {kTeTrailers.data(), 2, 4, 8, kTeTrailers.size(), FieldId::Te}; }

}  // namespace

bool connectionHas(const Fields& fields, std::string_view token) {
  return listHas(fields, FieldId::Connection, token);
}

bool wantsKeepAlive(Version version, const Fields& fields) {
  if (connectionHas(fields, "close")) return false;
  return version == Version::Http11 || connectionHas(fields, "keep-alive");
}

std::string_view upgradeProtocol(Version version, const Fields& fields) {
  if (version != Version::Http11 || !fields.mayHave(maskOf(FieldId::Upgrade))) return {};
  return connectionHas(fields, "upgrade") ? fields.valueOf(FieldId::Upgrade) : std::string_view{};
}

std::expected<void, MessageFault> removeHopByHop(Fields& fields, Arena&) {
  if (!fields.mayHave(kHopByHop)) return {};
  const NamedFields named = namedByConnection(fields);
  if (named.count > kMostNames)
    return std::unexpected(MessageFault{400, "Connection names too many fields"});
  if ((named.known & kEndToEnd) != 0)
    return std::unexpected(
        MessageFault{400, "Connection names a field that is meant for the other end"});
  const bool takes_trailers = listHas(fields, FieldId::Te, "trailers");
  fields.eraseAll(kHopByHop | (named.known & ~kFamilies));
  for (size_t i = 0; i < named.other_count; ++i) fields.erase(named.others[i]);
  if (takes_trailers) fields.add(teTrailers());
  return {};
}

bool expectsContinue(const RequestHead& head) {
  return head.version == Version::Http11 && listHas(head.fields, FieldId::Expect, "100-continue");
}

bool hasUnknownExpectation(const RequestHead& head) {
  if (!head.fields.mayHave(maskOf(FieldId::Expect))) return false;
  bool unknown = false;
  for (const Field& field : head.fields)
    if (field.id() == FieldId::Expect)
      ascii::forEachListElement(field.value(), [&](std::string_view element) {
        unknown |= !ascii::equalsIgnoreCase(element, "100-continue");
      });
  return unknown;
}

}  // namespace fairlead::http
