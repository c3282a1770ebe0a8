// What stays with a client's connection from its first request to its last.
#pragma once

#include <string>

#include "filter/filter.h"
#include "firewall/visit.h"

namespace fairlead::proxy {

struct ClientConnection {
  filter::ClientFacts facts;
  firewall::Places places;  // among the connections of its client
  // The peer is a proxy that did not say whom it speaks for: what it sent is no news of a client.
  bool is_nameless_proxy = false;

  // After::Tarpit: what the client is answered once it has waited for so long.
  std::string late_answer;
  Duration wait{};
};

}  // namespace fairlead::proxy
