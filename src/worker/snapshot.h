// The compiled configuration that all workers share: immutable, kept alive by whoever still uses
// it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "io/listener.h"
#include "proxy/plan.h"
#include "session/server_session.h"

namespace fairlead::worker {

// Who must begin a connection with a PROXY header; nobody else may.
struct ProxyPeers {
  bool everybody = false;  // on a Unix socket, whose peers have no address
  filter::TrustedProxies networks;

  bool contains(const IpAddress& peer) const { return everybody || networks.trusts(peer); }
};

struct Snapshot {
  proxy::Plan plan;
  session::ServerLimits client_limits;
  std::vector<io::ListenAddress> listens;
  std::vector<std::optional<ProxyPeers>> proxy_peers;  // as `listens`
  std::vector<std::string> access_logs;  // destinations as AccessLog::open wants them, each once
};

// What the configuration does not say.
struct CompileFacts {
  size_t workers = 1;         // threads that will serve
  std::string sticky_secret;  // where `sticky` names none
};

// From finished settings to what serves traffic. Pure: opens nothing, resolves nothing.
Snapshot compile(const config::Config& config, const CompileFacts& facts = {});

}  // namespace fairlead::worker
