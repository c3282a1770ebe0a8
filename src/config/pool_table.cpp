// Reading pools and the servers in them.
#include "config/pool_table.h"

#include <fmt/format.h>

#include "config/address.h"
#include "config/rules.h"

namespace fairlead::config {
namespace {

constexpr Key kServer[] = {
    {"url", "address", "", "where the server is: `host`, `host:port` or `http://host:port`"},
    {"name", "text", "", "what logs call it; without it: the address"},
    {"weight", "0..100000", "1", "its share of the requests; 0: no new ones"},
    {"max_requests", "1..1000000", "", "in flight at once; without it: no limit"},
    {"backup", "boolean", "false", "true is short for `tier: 1`"},
    {"tier", "0..15", "0",
     "a tier gets requests when no server of the tiers before it can be used"},
    {"zone", "text", "",
     "where the server is; those of fairlead's own `zone` go first while they have room"},
    {"tls", "later", "", ""},
    {"max_connections", "later", "", ""},
};

constexpr Key kPool[] = {
    {"servers", "(address | <server>)...", "", "the servers of the pool"},
    {"discovery", "later", "", ""},
    {"tls", "later", "", ""},
    {"http2", "later", "", ""},
    {"subsets", "later", "", ""},
};
constexpr const Section* kPoolAlso[] = {&kPoolRuleKeys};

constexpr uint32_t kHeaviest = 100'000;
constexpr uint32_t kMostRequests = 1'000'000;
constexpr uint32_t kLastTier = 15;

void readTier(Settings& settings, Setting<uint32_t>& into) {
  settings.takeCount("tier", into, 0, kLastTier);
  Setting<bool> backup;
  settings.take("backup", backup);
  if (!backup) return;
  const Value::Entry* tier = settings.value().findEntry("tier");
  if (tier == nullptr) {
    into = {1, backup.origin};
    return;
  }
  Diagnostic& finding = settings.diagnostics().error(backup.origin, "a second tier");
  finding.expected = "either `backup: true`, which is tier 1, or `tier`";
  finding.also = tier->key.mark;
  finding.also_message = "the first one";
}

}  // namespace

const Section kServerKeys{"server", "a server", kServer};
const Section kPoolKeys{"pool", "a pool", kPool, kPoolAlso};

void PoolTable::readNamed(const Value& value, const PoolRules& defaults) {
  if (!value.isMap()) {
    out_.error(value.mark, "`pools` is not a mapping").expected =
        "a mapping of names to pools, such as shop: { servers: [10.0.0.1:8080] }";
    return;
  }
  for (const Value::Entry& entry : value.entries) readOne(entry, defaults);
}

void PoolTable::readOne(const Value::Entry& entry, const PoolRules& defaults) {
  const std::string& name = entry.key.text;
  if (const auto known = by_name_.find(name); known != by_name_.end()) {
    Diagnostic& finding =
        out_.error(entry.key.mark, fmt::format("the pool `{}` exists already", name));
    finding.also = pools_[known->second].mark;
    finding.also_message = "it is declared here";
    return;
  }
  if (name.empty()) out_.error(entry.key.mark, "a pool needs a name");
  Pool pool{.name = name, .servers = {}, .rules = defaults, .mark = entry.key.mark};
  if (entry.value.kind == Value::Kind::Null) {
    out_.error(entry.key.mark, fmt::format("the pool `{}` is empty", name)).expected =
        "servers: [...]";
    add(std::move(pool), {.value = nullptr, .is_used = true});
    return;
  }
  Settings settings(entry.value, kPoolKeys, out_, fmt::format("the pool `{}`", name));
  const bool has_servers = entry.value.find("servers") != nullptr;
  if (const Value* servers = settings.take("servers"))
    pool.servers = readServers(*servers);
  else if (entry.value.isMap() && !has_servers)
    out_.error(entry.key.mark, fmt::format("the pool `{}` has no servers", name)).expected =
        "servers: [...]";
  readPoolRules(settings, Level::Pool, pool.rules);
  settings.finish();
  add(std::move(pool), {.value = &entry.value, .is_used = false});
}

std::vector<Server> PoolTable::readServers(const Value& value) {
  std::vector<Server> servers;
  std::unordered_map<std::string, Mark> seen;
  const auto addServer = [&](const Value& item) {
    auto server = readServer(item);
    if (!server) return;
    const auto [first, is_new] = seen.emplace(server->address, server->mark);
    if (!is_new) {
      Diagnostic& finding =
          out_.error(server->mark, fmt::format("the server `{}` stands twice", server->address));
      finding.expected = "each server once; `weight` gives it a larger share";
      finding.also = first->second;
      finding.also_message = "it stands here already";
    }
    servers.push_back(*std::move(server));
  };
  if (!value.isList()) {
    addServer(value);
    return servers;
  }
  for (const Value& item : value.items) addServer(item);
  if (value.items.empty())
    out_.error(value.mark, "there are no servers in this list").expected = "at least one server";
  return servers;
}

std::optional<Server> PoolTable::readServer(const Value& value) {
  if (value.isScalar()) return readServerAddress(value, out_);
  Settings settings(value, kServerKeys, out_);
  std::optional<Server> server;
  if (const Value* url = settings.take("url"))
    server = readServerAddress(*url, out_);
  else if (value.isMap() && value.find("url") == nullptr)
    out_.error(value.mark, "this server has no address").expected = "url: 10.0.0.1:8080";
  Server read = server.value_or(Server());
  settings.take("name", read.name);
  settings.takeCount("weight", read.weight, 0, kHeaviest);
  settings.takeCount("max_requests", read.max_requests, 1, kMostRequests);
  readTier(settings, read.tier);
  settings.take("zone", read.zone);
  settings.finish();
  if (!server) return std::nullopt;
  return read;
}

void PoolTable::add(Pool pool, Origin origin) {
  by_name_.emplace(pool.name, pools_.size());
  pools_.push_back(std::move(pool));
  origins_.push_back(origin);
}

std::optional<PoolIndex> PoolTable::addInline(std::string name, const Value& servers,
                                              const PoolRules& rules) {
  Pool pool{.name = std::move(name),
            .servers = readServers(servers),
            .rules = rules,
            .mark = servers.mark};
  const std::string wanted = pool.name;
  for (int number = 2; by_name_.contains(pool.name); ++number)
    pool.name = fmt::format("{}#{}", wanted, number);
  add(std::move(pool), {.value = nullptr, .is_used = true});
  return PoolIndex{pools_.size() - 1};
}

std::optional<PoolIndex> PoolTable::find(const Value& name) {
  if (!readString(name, out_)) return std::nullopt;
  const auto found = by_name_.find(name.text);
  if (found != by_name_.end() && origins_[found->second].value != nullptr) {
    origins_[found->second].is_used = true;
    return PoolIndex{found->second};
  }
  std::vector<std::string_view> names;
  for (size_t i = 0; i < pools_.size(); ++i)
    if (origins_[i].value != nullptr) names.push_back(pools_[i].name);
  if (found != by_name_.end() && pools_[found->second].servers.empty()) return std::nullopt;
  Diagnostic& finding = out_.error(name.mark, fmt::format("there is no pool `{}`", name.text));
  const std::string_view nearest = nearestWord(name.text, names);
  constexpr size_t kMostListed = 12;
  if (!nearest.empty())
    finding.suggestion = fmt::format("did you mean `{}`?", nearest);
  else if (names.empty())
    finding.expected = "the name of a pool; none is declared under `pools`";
  else if (names.size() <= kMostListed)
    finding.expected = fmt::format("one of {}", fmt::join(names, ", "));
  return std::nullopt;
}

void PoolTable::readInnerRules(PoolIndex pool, upstream::TimeoutSettings& timeouts,
                               upstream::RetrySettings& retry) const {
  const Value* value = origins_[pool.value].value;
  if (value == nullptr) return;
  Diagnostics told;  // every fault was reported when the pool itself was read
  if (const Value* inner = value->find("timeouts"); inner && inner->isMap())
    timeouts.read(*inner, told);
  if (const Value* inner = value->find("retry"); inner && inner->kind != Value::Kind::Null)
    retry.read(*inner, told);
}

void PoolTable::warnOfUnused() const {
  for (size_t i = 0; i < pools_.size(); ++i)
    if (!origins_[i].is_used)
      out_.warning(pools_[i].mark,
                   fmt::format("the pool `{}` is used by no route", pools_[i].name));
}

}  // namespace fairlead::config
