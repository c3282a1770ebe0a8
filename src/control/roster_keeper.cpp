// From names to rosters.
#include "control/roster_keeper.h"

#include <algorithm>

namespace fairlead::control {
namespace {

bool mentions(const upstream::Pool& pool, const std::string& host) {
  return std::ranges::any_of(pool.settings.servers,
                             [&](const upstream::ServerSpec& spec) { return spec.host == host; });
}

std::string listed(const std::vector<SocketAddress>& addresses) {
  std::string text;
  for (const SocketAddress& address : addresses)
    text += (text.empty() ? "" : ", ") + address.ip.text();
  return text;
}

}  // namespace

RosterKeeper::RosterKeeper(io::Reactor& reactor, Random& random, const Pools& pools,
                           NameSettings settings, Log& log,
                           std::function<void(upstream::Pool&)> on_change)
    : pools_(pools),
      log_(log),
      on_change_(std::move(on_change)),
      resolver_(reactor, std::move(settings.resolver)),
      names_(
          reactor, resolver_, random,
          {.on_addresses = [this](const std::string& host, auto) { onAddresses(host); },
           .on_failing = [this](const std::string& host,
                                const std::string& words) { onFailing(host, words); },
           .on_well =
               [this](const std::string& host) { log_.info("the name {} resolves again", host); }},
          settings.watch) {}

void RosterKeeper::start() {
  for (const auto& pool : pools_)
    for (const upstream::ServerSpec& spec : pool->settings.servers)
      if (knownAddresses(spec).empty()) names_.add(spec.host);
}

std::vector<std::vector<SocketAddress>> RosterKeeper::addressesOf(
    const upstream::Pool& pool) const {
  std::vector<std::vector<SocketAddress>> all;
  for (const upstream::ServerSpec& spec : pool.settings.servers) {
    std::vector<SocketAddress> addresses = knownAddresses(spec);
    if (addresses.empty())
      for (const IpAddress& ip : names_.addressesOf(spec.host))
        addresses.push_back({ip, spec.port});
    all.push_back(std::move(addresses));
  }
  return all;
}

void RosterKeeper::onAddresses(const std::string& host) {
  for (const auto& pool : pools_) {
    if (!mentions(*pool, host)) continue;
    const auto all = addressesOf(*pool);
    if (!pool->adopt(all)) continue;
    for (size_t i = 0; i < all.size(); ++i)
      if (pool->settings.servers[i].host == host)
        log_.info("pool {}: {} is at {}", pool->name(), pool->settings.servers[i].address,
                  listed(all[i]));
    on_change_(*pool);
  }
}

void RosterKeeper::onFailing(const std::string& host, const std::string& words) {
  const bool is_known = !names_.addressesOf(host).empty();
  log_.warning("the name {} does not resolve: {}; {}", host, words,
               is_known ? "its last addresses are kept" : "it is tried again every 5 s");
}

}  // namespace fairlead::control
