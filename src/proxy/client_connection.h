// What stays with a client's connection from its first request to its last.
#pragma once

#include <memory>
#include <string>

#include "filter/filter.h"
#include "firewall/visit.h"

namespace fairlead::proxy {

// What a client is answered once it has waited for so long.
struct LateAnswer {
  std::string text;
  Duration wait{};
};

// There are as many of these as connections, and most lie idle: what few of them have lies
// elsewhere, and the facts are made when they are asked for.
struct ClientConnection {
  filter::ClientFacts facts() const {
    return {.peer = peer, .client = peer, .peer_port = peer_port, .listener_port = listener_port};
  }

  IpAddress peer;
  uint16_t peer_port = 0;
  uint16_t listener_port = 0;
  // The peer is a proxy that did not say whom it speaks for: what it sent is no news of a client.
  bool is_nameless_proxy = false;
  std::unique_ptr<LateAnswer> late;  // with After::Tarpit
  firewall::Places places;           // among the connections of its client
};

}  // namespace fairlead::proxy
