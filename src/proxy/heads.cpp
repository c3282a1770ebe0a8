// Completing heads for the connection that they go out on.
#include "proxy/heads.h"

namespace fairlead::proxy {
namespace {

using http::Field;
using http::FieldId;
using http::Framing;
using http::MessageFault;

// Ready lines: none of them depends on a request.
Field connectionClose() { return {"Connection: close\r\n", 10, 12, 5, 19, FieldId::Connection}; }
Field connectionKeepAlive() {
  return {"Connection: keep-alive\r\n", 10, 12, 10, 24, FieldId::Connection};
}
Field connectionTe() { return {"Connection: TE\r\n", 10, 12, 2, 16, FieldId::Connection}; }
Field connectionUpgrade() {
  return {"Connection: Upgrade\r\n", 10, 12, 7, 21, FieldId::Connection};
}
Field transferChunked() {
  return {"Transfer-Encoding: chunked\r\n", 17, 19, 7, 28, FieldId::TransferEncoding};
}

std::unexpected<MessageFault> tooManyFields() {
  return std::unexpected(MessageFault{502, "The response has too many fields."});
}

}  // namespace

bool completeRequestHead(http::RequestHead& head, const Framing& framing, std::string_view upgrade,
                         Arena& arena) {
  bool fits = true;
  if (framing.kind == Framing::Kind::Chunked) fits = head.fields.add(transferChunked());
  if (!upgrade.empty())
    return fits && head.fields.add(connectionUpgrade()) &&
           head.fields.add(Field::make(arena, FieldId::Upgrade, upgrade));
  if (head.fields.find(FieldId::Te)) fits = fits && head.fields.add(connectionTe());
  return fits;
}

// RFC 9112 section 9.3: HTTP/1.1 connections stay unless it is said, those of HTTP/1.0 close.
bool addPersistence(http::Fields& fields, bool keep_alive, http::Version client_version) {
  if (!keep_alive) return fields.add(connectionClose());
  return client_version != http::Version::Http10 || fields.add(connectionKeepAlive());
}

session::BodyCoding codingOf(const Framing& framing) {
  switch (framing.kind) {
    case Framing::Kind::None:
      return session::BodyCoding::None;
    case Framing::Kind::Chunked:
      return session::BodyCoding::Chunked;
    default:
      return session::BodyCoding::Identity;
  }
}

ResponseManner mannerOf(const Framing& from_server, http::Version client_version) {
  using session::BodyCoding;
  switch (from_server.kind) {
    case Framing::Kind::None:
      return {BodyCoding::None, false};
    case Framing::Kind::Length:
      return {BodyCoding::Identity, false};
    default:
      break;
  }
  if (client_version == http::Version::Http11) return {BodyCoding::Chunked, false};
  return {BodyCoding::Identity, true};
}

std::expected<void, MessageFault> completeResponseHead(http::ResponseHead& head,
                                                       const ResponseManner& manner,
                                                       bool keep_alive,
                                                       http::Version client_version, Arena& arena) {
  http::Fields& fields = head.fields;
  if (const auto removed = http::removeHopByHop(fields, arena); !removed)
    return std::unexpected(removed.error());
  // RFC 9110 section 8.6: a 204 carries no Content-Length.
  if (head.status == 204) fields.erase(FieldId::ContentLength);
  bool fits = true;
  if (manner.coding == session::BodyCoding::Chunked) fits = fields.add(transferChunked());
  fits = fits && addPersistence(fields, keep_alive, client_version);
  if (!fits) return tooManyFields();
  return {};
}

std::expected<void, MessageFault> completeUpgradeHead(http::ResponseHead& head, Arena& arena) {
  const std::string_view protocol = arena.copy(head.fields.valueOf(FieldId::Upgrade));
  if (protocol.empty()) return std::unexpected(MessageFault{502, "A 101 without Upgrade."});
  if (const auto removed = http::removeHopByHop(head.fields, arena); !removed)
    return std::unexpected(removed.error());
  const bool fits = head.fields.add(connectionUpgrade()) &&
                    head.fields.add(Field::make(arena, FieldId::Upgrade, protocol));
  if (!fits) return tooManyFields();
  return {};
}

}  // namespace fairlead::proxy
