// The fields that fairlead itself answers for on each connection: framing, persistence, Host.
#pragma once

#include <string_view>

#include "http/message.h"
#include "http/semantics.h"
#include "session/body_writer.h"

namespace fairlead::proxy {

// Completes a request head for its connection to a server: Transfer-Encoding when the body is
// chunked, the upgrade asked for, Connection. False: too many fields.
bool completeRequestHead(http::RequestHead& head, const http::Framing& framing,
                         std::string_view upgrade, Arena& arena);

// Says whether the client's connection stays, where that does not go without saying. False: too
// many fields.
bool addPersistence(http::Fields& fields, bool keep_alive, http::Version client_version);

// How the body of a request goes to a server.
session::BodyCoding codingOf(const http::Framing& framing);

// How a response goes to a client that speaks `client_version`.
struct ResponseManner {
  session::BodyCoding coding = session::BodyCoding::None;
  bool until_close = false;  // the end of the connection is the end of the body
};
ResponseManner mannerOf(const http::Framing& from_server, http::Version client_version);

// Completes a response head for the client's connection: hop-by-hop fields off, framing and
// persistence on. The fault is the server's.
std::expected<void, http::MessageFault> completeResponseHead(http::ResponseHead& head,
                                                             const ResponseManner& manner,
                                                             bool keep_alive,
                                                             http::Version client_version,
                                                             Arena& arena);

// The same for a 101: only the agreed upgrade stays of the hop-by-hop fields.
std::expected<void, http::MessageFault> completeUpgradeHead(http::ResponseHead& head, Arena& arena);

}  // namespace fairlead::proxy
