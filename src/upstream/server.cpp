// What a server is called, and what its states add up to.
#include "upstream/server.h"

#include "base/hash.h"

namespace fairlead::upstream {
namespace {

std::string nameFor(const ServerSpec& spec, const std::vector<SocketAddress>& where, bool several) {
  const std::string& given = spec.name.empty() ? spec.address : spec.name;
  return several ? given + "@" + where.front().ip.text() : given;
}

}  // namespace

std::vector<SocketAddress> knownAddresses(const ServerSpec& spec) {
  if (const auto literal = IpAddress::parse(spec.host)) return {{*literal, spec.port}};
  if (!isLocalhost(spec.host)) return {};
  return {{IpAddress::v4(0x7f000001), spec.port}, {*IpAddress::parse("::1"), spec.port}};
}

Server::Server(const ServerSpec& spec, std::vector<SocketAddress> where, bool several)
    : name(nameFor(spec, where, several)),
      address(spec.address),
      host(spec.host),
      addresses(std::move(where)),
      tier(spec.tier),
      zone(spec.zone) {
  weight = spec.weight;
  max_requests = spec.max_requests;
  identity = hashOfText(name);
  share.store(0, std::memory_order_relaxed);
}

Standing standingOf(const Server& server, TimePoint now) {
  switch (server.active.load(std::memory_order_relaxed)) {
    case ActiveHealth::Unresolved:
      return Standing::Unresolved;
    case ActiveHealth::Unknown:
      return Standing::Unknown;
    case ActiveHealth::Down:
      return Standing::Down;
    case ActiveHealth::Unchecked:
    case ActiveHealth::Up:
      break;
  }
  if (server.weight == 0 || server.draining.load(std::memory_order_relaxed))
    return Standing::Drained;
  if (server.passive.ejected(now)) return Standing::Ejected;
  if (server.passive.deferred(now)) return Standing::Deferred;
  if (balance::isFull(server)) return Standing::Full;
  return server.warming_since.load(std::memory_order_relaxed) != 0 ? Standing::Warming
                                                                   : Standing::Ready;
}

uint32_t shareNow(const Server& server, Duration slow_start, TimePoint now) {
  switch (standingOf(server, now)) {
    case Standing::Full:
    case Standing::Warming:
    case Standing::Ready:
      break;
    default:
      return 0;
  }
  const TimePoint::rep since = server.warming_since.load(std::memory_order_relaxed);
  if (since == 0) return balance::kWholeShare;
  return shareAt(TimePoint(Duration(since)), now, slow_start);
}

}  // namespace fairlead::upstream
