// Names to addresses, on a thread of its own, so that a slow name server holds nobody up.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "balance/endpoint.h"
#include "base/time.h"

namespace fairlead::control {

// The addresses of a host name or literal, in the order in which the system prefers them; empty
// when it does not resolve. Blocks.
std::vector<SocketAddress> resolve(const std::string& host, uint16_t port);

// Keeps the endpoints' addresses: resolves all at once, then again every minute, and every five
// seconds while one of them does not resolve. A name that stops resolving keeps its last addresses.
class Resolver {
 public:
  explicit Resolver(std::vector<std::shared_ptr<balance::Endpoint>> endpoints);
  ~Resolver();

  // Waits until every name was tried once, at most `longest`.
  void awaitFirstRound(Duration longest);

 private:
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace fairlead::control
