// fairlead why: asks the admin API of a running fairlead, and prints its sentences.
#include <fmt/format.h>

#include <algorithm>

#include "app/admin_door.h"

namespace fairlead::app {
namespace {

// What the API says of pools, servers and workers.
class Pools {
 public:
  explicit Pools(AdminDoor door) : door_(std::move(door)) {}

  Tried<Json> pools() const { return door_.get("/api/pools"); }
  Tried<Json> pool(std::string_view name) const { return door_.get(pathOf(name)); }
  Tried<Json> servers(std::string_view name) const { return door_.get(pathOf(name) + "/servers"); }
  Tried<Json> workers() const { return door_.get("/api/workers"); }
  Tried<Json> server(std::string_view pool, std::string_view name) const {
    return door_.get(fmt::format("{}/servers/{}", pathOf(pool), admin::segment(name)));
  }

 private:
  static std::string pathOf(std::string_view pool) { return "/api/pools/" + admin::segment(pool); }

  AdminDoor door_;
};

// --- printing

std::string indented(const Json& sentences, std::string_view margin) {
  std::string text;
  for (const Json& sentence : sentences)
    text += fmt::format("{}{}\n", margin, sentence.get<std::string>());
  return text;
}

// "4 servers: 3 ready, 1 down".
std::string serversText(const Json& counts) {
  const uint64_t total = counts.at("total");
  std::string text = fmt::format("{} server{}", total, total == 1 ? "" : "s");
  std::string_view before = ": ";
  for (auto count = counts.rbegin(); count != counts.rend(); ++count) {
    if (count.key() == "total" || count.value() == 0) continue;
    text += fmt::format("{}{} {}", before, count.value().get<uint64_t>(), count.key());
    before = ", ";
  }
  return text;
}

std::string headingOf(const Json& pool, size_t width) {
  return fmt::format("{:<{}}  {:<8}  {}\n", pool.at("name").get<std::string>(), width,
                     pool.at("state").get<std::string>(), serversText(pool.at("servers")));
}

std::string serverText(const Json& server, std::string_view margin) {
  return fmt::format("{}{}: {}\n{}", margin, server.at("name").get<std::string>(),
                     server.at("standing").get<std::string>(),
                     indented(server.at("why"), std::string(margin) + "  "));
}

// Nothing of those that are well.
Tried<std::string> workersText(const Pools& api) {
  const auto answer = api.workers();
  if (!answer) return std::unexpected(answer.error());
  std::string text;
  for (const Json& worker : answer->at("workers")) text += indented(worker.at("why"), "");
  return text;
}

// A line for each pool, and all about what is not well.
Tried<std::string> allText(const Pools& api) {
  const auto answer = api.pools();
  if (!answer) return std::unexpected(answer.error());
  const Json& pools = answer->at("pools");
  size_t width = 0;
  for (const Json& pool : pools)
    width = std::max(width, pool.at("name").get_ref<const std::string&>().size());
  std::string text;
  for (const Json& pool : pools) {
    text += headingOf(pool, width);
    if (pool.at("state") == "ok") continue;
    text += indented(pool.at("why"), "  ");
    const auto servers = api.servers(pool.at("name").get<std::string>());
    if (!servers) return std::unexpected(servers.error());
    for (const Json& server : servers->at("servers"))
      if (!server.at("well")) text += serverText(server, "  ");
  }
  const auto workers = workersText(api);
  if (!workers) return std::unexpected(workers.error());
  return text + *workers;
}

std::string poolText(const Json& pool, const Json& servers) {
  std::string text = headingOf(pool, 0) + indented(pool.at("why"), "  ");
  for (const Json& server : servers) text += "\n" + serverText(server, "");
  return text;
}

// POOL, else POOL/SERVER: names of pools hold slashes, so the whole is tried first.
Tried<std::string> targetText(const Pools& api, const WhyRequest& request) {
  const std::string_view target = request.target;
  const auto pool = api.pool(target);
  if (pool) {
    const auto servers = api.servers(target);
    if (!servers) return std::unexpected(servers.error());
    const Json& list = servers->at("servers");
    return request.json ? dumped({{"pool", *pool}, {"servers", list}}) : poolText(*pool, list);
  }
  const size_t slash = target.rfind('/');
  if (pool.error().exit != Exit::Unknown || slash == std::string_view::npos || slash == 0 ||
      slash + 1 == target.size())
    return std::unexpected(pool.error());
  const auto server = api.server(target.substr(0, slash), target.substr(slash + 1));
  if (server) return request.json ? dumped(*server) : serverText(*server, "");
  // Whether the pool or the server is the one that does not exist.
  const bool has_pool = api.pool(target.substr(0, slash)).has_value();
  return std::unexpected(has_pool ? server.error() : pool.error());
}

Tried<std::string> textFor(const WhyRequest& request) {
  auto door = AdminDoor::of(request);
  if (!door) return std::unexpected(door.error());
  const Pools api(*std::move(door));
  if (!request.target.empty()) return targetText(api, request);
  if (!request.json) return allText(api);
  const auto pools = api.pools();
  if (!pools) return std::unexpected(pools.error());
  return dumped(*pools);
}

}  // namespace

Exit why(const WhyRequest& request) {
  return printOr([&] { return textFor(request); });
}

}  // namespace fairlead::app
