// Who the client is, and what the server is told of it: X-Forwarded-*, Forwarded, X-Real-IP,
// X-Request-Id.
#pragma once

#include <span>
#include <vector>

#include "base/random.h"
#include "filter/filter.h"

namespace fairlead::filter {

// The proxies whose word about the client is believed.
class TrustedProxies {
 public:
  void read(const Value& value, Diagnostics& out);  // a list of addresses and CIDRs
  void add(const Cidr& network) { networks_.push_back({network, {}}); }
  bool trusts(const IpAddress& address) const;
  bool empty() const { return networks_.empty(); }
  // As a list of the file, every entry with its place.
  Value show() const;

 private:
  struct Network {
    Cidr cidr;
    Mark mark;
  };
  std::vector<Network> networks_;
};

// Fills `client`, `peer_trusted` and `scheme` from the peer and, if the peer is trusted, from
// X-Forwarded-For (right to left; the first untrusted address; an element that does not parse ends
// the walk at the last good address) and X-Forwarded-Proto. What an untrusted peer says of clients
// (Forwarded, X-Real-IP, every X-Forwarded-*) is removed before any rule could believe it.
void identifyClient(http::RequestHead& head, const TrustedProxies& trusted, ClientFacts& facts);

// The request's own X-Request-Id, or a new one that is put in its place when there is none or
// several, or one that is no token of up to 128 characters. A view of the head or the arena.
std::string_view setRequestId(http::RequestHead& head, Arena& arena, Random& random);

// Sets or extends X-Forwarded-For, -Proto and -Host, and keeps the X-Request-Id of the scene.
// False: too many fields.
bool setForwarded(http::RequestHead& head, const Scene& scene);

}  // namespace fairlead::filter
