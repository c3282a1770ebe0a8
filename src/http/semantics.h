// What a head means for the connection: framing, persistence, hop-by-hop fields (RFC 9112 6-9,
// 9110 7.6).
#pragma once

#include <cstdint>
#include <expected>
#include <string_view>

#include "http/message.h"

namespace fairlead::http {

// How the octets of a body are delimited on an HTTP/1.1 connection.
struct Framing {
  enum class Kind : uint8_t { None, Length, Chunked, UntilClose };
  Kind kind = Kind::None;
  uint64_t length = 0;  // Kind::Length only

  friend bool operator==(const Framing&, const Framing&) = default;
};

// A message that must be refused: the status for the client (400, 414, 431, 501 ...) and one
// sentence.
struct MessageFault {
  uint16_t status = 400;
  std::string_view sentence;  // static storage
};

// RFC 9112 section 6.3 for requests, strict: Content-Length beside Transfer-Encoding, differing or
// malformed lengths, a list of lengths, chunked not last or twice, Transfer-Encoding in HTTP/1.0
// are 400; an unknown transfer coding is 501.
std::expected<Framing, MessageFault> requestFraming(const RequestHead& head);
// The same for responses to `request_method`; every fault is the server's and becomes 502.
std::expected<Framing, MessageFault> responseFraming(const ResponseHead& head,
                                                     Method request_method);

// Does the sender allow the connection to be used again after this message (RFC 9112 section 9.3)?
bool wantsKeepAlive(Version version, const Fields& fields);
// Does `Connection` name this token (any letter case)?
bool connectionHas(const Fields& fields, std::string_view token);

// Is this a request for a protocol change, and to which (RFC 9110 section 7.8)? Empty when not.
std::string_view upgradeProtocol(Version version, const Fields& fields);

// Removes hop-by-hop fields in place: Connection and all it names, Keep-Alive, TE (but trailers),
// Transfer-Encoding, Upgrade, Proxy-*. A Connection that names a field that matters end to end
// (Host, Content-Length, Authorization, X-Forwarded-*, Cookie) is a fault: 400 from a client, 502
// from a server. `TE: trailers` survives as a field "TE: trailers"; the sender of the head adds
// `Connection: TE`.
std::expected<void, MessageFault> removeHopByHop(Fields& fields, Arena& arena);

// `Expect: 100-continue` from an HTTP/1.1 client.
bool expectsContinue(const RequestHead& head);
// Any other expectation, which is answered 417.
bool hasUnknownExpectation(const RequestHead& head);

// May this field stand in a trailer section that fairlead passes on (RFC 9110 section 6.5.1)?
bool allowedInTrailers(const Field& field);

// Field-name and field-value grammar of RFC 9110 section 5; used by configuration and tests as
// well.
bool isToken(std::string_view text);
bool isFieldValue(std::string_view text);

}  // namespace fairlead::http
