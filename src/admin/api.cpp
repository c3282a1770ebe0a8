// The table of the API, and the functions in it. A new one is a function and a line.
#include "admin/api.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <expected>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <vector>

#include "admin/call.h"
#include "base/settings.h"
#include "http/percent.h"

namespace fairlead::admin {
namespace {

using upstream::PoolStatus;
using upstream::ServerStatus;
using upstream::Status;

std::unexpected<Fault> notFound(std::string sentence) {
  return std::unexpected(Fault{404, std::move(sentence)});
}

// --- pools and servers

// "there is no pool `shpo`; did you mean `shop`?", or some that there are.
std::string unknownText(std::string_view thing, std::string_view name,
                        const std::vector<std::string_view>& known) {
  constexpr size_t kListed = 10;
  std::string text = fmt::format("there is no {} `{}`", thing, name);
  if (const auto nearest = nearestWord(name, known); !nearest.empty())
    return fmt::format("{}; did you mean `{}`?", text, nearest);
  if (known.empty()) return text;
  const auto some = std::span(known).first(std::min(known.size(), kListed));
  return fmt::format("{}; there are {}{}", text, fmt::join(some, ", "),
                     known.size() > kListed ? " and others" : "");
}

std::expected<const PoolStatus*, Fault> findPool(const Status& status, std::string_view name) {
  std::vector<std::string_view> known;
  for (const PoolStatus& pool : status.pools) {
    if (pool.name == name) return &pool;
    known.push_back(pool.name);
  }
  return notFound(unknownText("pool", name, known));
}

// Several servers may be called the same: the addresses of one name. Each is found by its own.
std::expected<const ServerStatus*, Fault> findServer(const PoolStatus& pool,
                                                     std::string_view name) {
  for (const auto key : {&ServerStatus::name, &ServerStatus::address, &ServerStatus::ip}) {
    std::vector<const ServerStatus*> found;
    for (const ServerStatus& server : pool.servers)
      if (server.*key == name) found.push_back(&server);
    if (found.size() == 1) return found[0];
    if (found.empty()) continue;
    std::vector<std::string_view> addresses;
    for (const ServerStatus* server : found) addresses.push_back(server->ip);
    return std::unexpected(Fault{
        409, fmt::format("{} servers of the pool `{}` are called `{}`; ask for one by its address: "
                         "{}",
                         found.size(), pool.name, name, fmt::join(addresses, ", "))});
  }
  std::vector<std::string_view> known;
  for (const ServerStatus& server : pool.servers) known.push_back(server.name);
  return notFound(
      unknownText(fmt::format("server in the pool `{}` called", pool.name), name, known));
}

Found pools(const Call& call) { return viewOfPools(call.api.status(), call.api.moment()); }

Found pool(const Call& call) {
  const Status status = call.api.status();
  const auto found = findPool(status, call.names[0]);
  if (!found) return std::unexpected(found.error());
  return viewOf(**found, status.at, call.api.moment());
}

Found servers(const Call& call) {
  const Status status = call.api.status();
  const auto found = findPool(status, call.names[0]);
  if (!found) return std::unexpected(found.error());
  return viewOfServers(**found, status.at, call.api.moment());
}

Found server(const Call& call) {
  const Status status = call.api.status();
  const auto found_pool = findPool(status, call.names[0]);
  if (!found_pool) return std::unexpected(found_pool.error());
  const auto found = findServer(**found_pool, call.names[1]);
  if (!found) return std::unexpected(found.error());
  return viewOf(**found_pool, **found, status.at, call.api.moment());
}

// --- workers

Found workers(const Call& call) { return viewOfWorkers(call.api.workers(), call.api.moment()); }

// --- the table

Found contents(const Call& call);

struct Entry {
  std::string_view method;
  std::string_view pattern;  // `{}` is one segment, percent-encoded
  Found (*serve)(const Call&);
  std::string_view meaning;
};

constexpr Entry kEntries[] = {
    {"GET", "/api", contents, "what there is to ask for"},
    {"GET", "/api/pools", pools, "all pools: what they do now, and why"},
    {"GET", "/api/pools/{}", pool, "one pool"},
    {"GET", "/api/pools/{}/servers", servers, "the servers of a pool: how each is, and why"},
    {"GET", "/api/pools/{}/servers/{}", server, "one server, by its name or its address"},
    {"GET", "/api/workers", workers, "the workers: how busy each is, and its longest turns"},
    {"GET", "/api/firewall", firewallFacts,
     "what each rule blocked or would have, and whom; ?clients=10 of each"},
    {"GET", "/api/bans", listBans, "who is banned, by whom, and until when"},
    {"PUT", "/api/bans/{}", putBan, "bans an address or network; ?for=10m&why=TEXT"},
    {"DELETE", "/api/bans/{}", deleteBan, "lifts a ban"},
};

Found contents(const Call&) {
  Json entries = Json::array();
  for (const Entry& entry : kEntries)
    entries.push_back(
        {{"method", entry.method}, {"path", entry.pattern}, {"meaning", entry.meaning}});
  return Json{{"entries", std::move(entries)}};
}

// Canonical paths hold no broken escapes.
std::string segmentDecoded(std::string_view segment) {
  std::string text;
  while (!segment.empty()) {
    const int octet = segment.front() == '%' ? http::escapedOctet(segment) : -1;
    text += octet >= 0 ? static_cast<char>(octet) : segment.front();
    segment.remove_prefix(octet >= 0 ? 3 : 1);
  }
  return text;
}

// The segment at the front of `path`, which begins with a slash.
std::string_view takeSegment(std::string_view& path) {
  const size_t end = std::min(path.find('/', 1), path.size());
  const std::string_view segment = path.substr(1, end - 1);
  path.remove_prefix(end);
  return segment;
}

// What stands in the places of `{}`, or nothing when the path is another.
std::optional<std::vector<std::string>> matched(std::string_view pattern, std::string_view path) {
  std::vector<std::string> names;
  while (!pattern.empty() && !path.empty()) {
    const std::string_view wanted = takeSegment(pattern);
    const std::string_view segment = takeSegment(path);
    if (wanted == "{}" && !segment.empty())
      names.push_back(segmentDecoded(segment));
    else if (wanted != segment)
      return std::nullopt;
  }
  if (!pattern.empty() || !path.empty()) return std::nullopt;
  return names;
}

std::string dumped(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

Answer served(const Entry& entry, const Call& call) {
  const Found found = entry.serve(call);
  if (!found) return errorAnswer(found.error().status, found.error().sentence);
  return {.status = 200, .body = dumped(*found), .allow = {}};
}

Answer wrongMethod(std::string_view allowed) {
  Answer answer = errorAnswer(405, fmt::format("here the methods are {}", allowed));
  answer.allow = allowed;
  return answer;
}

Answer dispatched(const Api& api, std::string_view method, std::string_view path,
                  std::string_view query) {
  if (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  std::string allowed;
  for (const Entry& entry : kEntries) {
    const auto names = matched(entry.pattern, path);
    if (!names) continue;
    if (method == entry.method || (method == "HEAD" && entry.method == "GET"))
      return served(entry, {.api = api, .names = *names, .query = query});
    allowed += fmt::format("{}{}", allowed.empty() ? "" : ", ",
                           entry.method == "GET" ? "GET, HEAD" : entry.method);
  }
  if (!allowed.empty()) return wrongMethod(allowed);
  return errorAnswer(404, fmt::format("there is nothing at {}; GET /api says what there is", path));
}

}  // namespace

Answer errorAnswer(uint16_t status, std::string_view sentence) {
  return {.status = status, .body = dumped(Json{{"error", sentence}}), .allow = {}};
}

// A bug of a view must not end the process that serves traffic.
Answer answerTo(const Api& api, std::string_view method, std::string_view path,
                std::string_view query) {
  try {
    return dispatched(api, method, path, query);
  } catch (const std::exception& bug) {
    return errorAnswer(500, fmt::format("a bug of fairlead's: {}", bug.what()));
  }
}

}  // namespace fairlead::admin
