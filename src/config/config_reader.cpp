// The top level of the file, key by key.
#include "config/config_reader.h"

#include <fmt/format.h>

#include <array>

#include "config/address.h"
#include "config/admin_settings.h"
#include "config/log_settings.h"
#include "config/pool_checks.h"
#include "config/pool_table.h"
#include "config/proxy_protocol.h"
#include "config/route_names.h"
#include "config/route_reader.h"
#include "config/rules.h"
#include "config/surroundings.h"
#include "config/test_reader.h"

namespace fairlead::config {
namespace {

constexpr Key kListen[] = {
    {"http", "listen_address", "8080", "plain HTTP"},
    {"https", "later | 'off' | 'false'", "", ""},
    {"http3", "later | 'off' | 'false'", "", ""},
    {"tcp", "later | 'off' | 'false'", "", ""},
    {"udp", "later | 'off' | 'false'", "", ""},
    {"proxy_protocol", "<proxy_protocol> | 'off' | 'false'", "off",
     "connections begin with a PROXY header that names the client"},
    {"tls", "later | 'off' | 'false'", "", ""},
    {"pool", "later", "", ""},
};

constexpr Key kDefaults[] = {
    {"firewall_rules", "<firewall_rules>", "", "the same as at the top of the file"},
};
constexpr const Section* kDefaultsAlso[] = {&kRouteRuleKeys, &kPoolRuleKeys};

constexpr Key kFile[] = {
    {"listen", "(listen_address | <listen>)...", "8080", "where clients connect to"},
    {"workers", "'auto' | 1..1024", "auto", "threads that serve; `auto` is one a CPU"},
    {"log", "'stdout' | 'stderr' | 'off' | file_name | <log>", "stdout", "the access log"},
    {"admin", "admin_address | 'off' | <admin>", "127.0.0.1:9900",
     "the API that `fairlead why` and other tools ask"},
    {"trusted_proxies", "network...", "[]", "peers whose forwarded headers are believed"},
    {"defaults", "<defaults>", "", "what holds for everything below"},
    {"firewall_rules", "<firewall_rules>", "", "judged before any host's rules"},
    {"geo", "<geo>", "", "where addresses are, for `country_reject` and `country_allow`"},
    {"client_table", "size", "64MiB",
     "memory for what the firewall remembers of clients: rates, connections, bans"},
    {"include", "file_pattern...", "", "adds the `hosts`, `paths` and `pools` of other files"},
    {"tests", "[<test>]", "", "requests and what must become of them; run by `fairlead check`"},
    {"zone", "text", "", "fairlead's own zone: servers of the same `zone` go first"},
    {"dns", "<dns>", "", "how the names of servers are resolved"},
    {"state", "folder | 'off'", "",
     "what outlives a restart is kept there; without it: in $STATE_DIRECTORY, else nowhere"},
    {"tls", "later | 'off'", "", ""},
};

constexpr Key kIncluded[] = {
    {"pools", "{<pool>}", "", "pools by name"},
    {"hosts", "[<host>]", "", "the hosts and their routes"},
    {"paths", "[<path>]", "", "routes of no host, tried when no host claims the request"},
};
constexpr Section kIncludedKeys{"included_file", "the file", kIncluded};
constexpr const Section* kFileAlso[] = {&kIncludedKeys};

// --- listen

class ListenReader {
 public:
  ListenReader(std::vector<Listen>& listens, Diagnostics& out) : listens_(listens), out_(out) {}

  void read(const Value& value) {
    if (value.isList()) {
      for (const Value& item : value.items) readOne(item);
      if (value.items.empty())
        out_.error(value.mark, "there is nothing to listen on").expected = "listen: 8080";
    } else {
      readOne(value);
    }
  }

 private:
  void readOne(const Value& value) {
    if (value.isScalar()) return add(value, nullptr);
    Settings settings(value, kListenKeys, out_);
    const Value* http = settings.take("http");
    const Value* proxy_protocol = settings.take("proxy_protocol");
    if (http != nullptr) add(*http, proxy_protocol);
    if (value.find("tcp") != nullptr) settings.take("pool");
    settings.finish();
    if (value.isMap() && http == nullptr && (value.entries.empty() || proxy_protocol != nullptr))
      out_.error(value.mark, "there is nothing to listen on").expected = "http: 8080";
  }

  void add(const Value& value, const Value* proxy_protocol) {
    auto listen = readListenAddress(value, out_);
    if (!listen) return;
    if (proxy_protocol != nullptr) readProxyProtocol(*proxy_protocol, *listen, out_);
    if (!listen->unix_path.empty())
      listen->unix_path = besideFile(out_.files[value.mark.file].name, listen->unix_path);
    for (const Listen& other : listens_) {
      if (!clash(*listen, other)) continue;
      Diagnostic& finding = out_.error(listen->mark, "this address is taken already");
      finding.also = other.mark;
      finding.also_message = "it is listened on here";
      return;
    }
    listens_.push_back(*std::move(listen));
  }

  std::vector<Listen>& listens_;
  Diagnostics& out_;
};

// --- workers

void readWorkers(const Value* value, Setting<uint32_t>& into, Diagnostics& out) {
  constexpr uint64_t kMostWorkers = 1024;
  if (value == nullptr) return;
  if (value->isScalar() && value->text == "auto") {
    into = {0, value->mark};
    return;
  }
  if (const auto count = readCount(*value, 1, kMostWorkers, out))
    into = {static_cast<uint32_t>(*count), value->mark};
}

void readClientTable(const Value* value, Setting<uint64_t>& into, Diagnostics& out) {
  constexpr uint64_t kLeast = uint64_t{1} << 20;
  constexpr uint64_t kMost = uint64_t{64} << 30;
  if (value == nullptr) return;
  const auto size = readSize(*value, out);
  if (!size) return;
  if (*size >= kLeast && *size <= kMost)
    into = {*size, value->mark};
  else
    out.error(value->mark,
              fmt::format("`{}` is too {}", value->text, *size < kLeast ? "little" : "much"))
        .expected = "from 1MiB to 64GiB; 64 bytes are one client";
}

// --- the top level

void readDefaults(const Value* value, Config& config, Diagnostics& out) {
  if (value == nullptr) return;
  Settings settings(*value, kDefaultKeys, out);
  readPoolRules(settings, Level::Defaults, config.default_pool_rules);
  readRouteRules(settings, config.default_route_rules);
  if (const Value* firewall = settings.take("firewall_rules"))
    config.firewall.read(*firewall, {readHostName, *config.lists, config.geo, out, false});
  settings.misplaced("log", "at the top of the file, in a host or in a path");
  settings.finish();
}

// What stands in the main file only.
void readGlobals(Settings& settings, const Environment& environment, Config& config) {
  Diagnostics& out = settings.diagnostics();
  if (const Value* listen = settings.take("listen"))
    ListenReader(config.listens, out).read(*listen);
  else
    config.listens.emplace_back();
  readWorkers(settings.take("workers"), config.workers, out);
  readLog(settings.take("log"), config.log, out);
  settings.take("zone", config.zone);
  readDns(settings.take("dns"), config.dns_servers, out);
  readState(settings.take("state"), environment, config.state, out);
  readAdmin(settings.take("admin"), config.listens, config.admin, out);
  config.default_route_rules.log = config.log.access;
  readGeo(settings.take("geo"), config.geo, out);
  if (const Value* proxies = settings.take("trusted_proxies"))
    config.trusted_proxies.read(*proxies, out);
  readDefaults(settings.take("defaults"), config, out);
  if (const Value* firewall = settings.take("firewall_rules"))
    config.firewall.read(*firewall, {readHostName, *config.lists, config.geo, out, false});
  readClientTable(settings.take("client_table"), config.client_table, out);
  settings.take("include");
  if (const Value* tests = settings.take("tests")) readTests(*tests, config.tests, out);
}

// Keys that belong to an inner level, with where.
void refuseInnerKeys(Settings& settings) {
  for (const std::string_view key :
       {"balance", "health", "timeouts", "retry", "slow_start", "sticky", "max_requests", "limit",
        "queue", "breaker", "send_proxy_protocol"})
    settings.misplaced(key, "under `defaults`, a host, a path or a pool");
  for (const std::string_view key : {"header_rules", "param_rules", "rewrite_rules", "max_body",
                                     "path_policy", "mirror", "priority"})
    settings.misplaced(key, "under `defaults`, a host or a path");
  for (const std::string_view key : {"servers", "pool", "respond", "split", "redirect"})
    settings.misplaced(key, "in a host or a path");
}

void refuseGlobals(Settings& settings) {
  for (const std::string_view key :
       {"listen", "workers", "log", "trusted_proxies", "defaults", "firewall_rules", "include",
        "tests", "state", "zone", "dns", "tls", "admin", "client_table", "geo"})
    settings.misplaced(key, "in the main file");
}

// The course wrote `remove` as a mapping; nobody else does.
const Value* findCourseRule(const Value& value) {
  for (const std::string_view list : {"hosts", "paths"}) {
    const Value* items = value.find(list);
    if (items == nullptr) continue;
    for (const Value& item : items->items)
      for (const std::string_view rules : {"header_rules", "param_rules"})
        if (const Value* found = item.find(rules))
          if (const Value* removed = found->find("remove"); removed && removed->isMap())
            return removed;
  }
  return nullptr;
}

void noteCourse(const Value& root, Diagnostics& out) {
  const Value* rule = findCourseRule(root);
  if (rule == nullptr) return;
  out.note(
      rule->mark,
      "this reads like the course's file: here the request's path is forwarded as well, `path` "
      "and `path_reject` match whole segments and all below them, and servers are checked in "
      "the background");
}

void warnOfNothing(const Config& config, Mark mark, Diagnostics& out) {
  if (!config.routes.empty() || out.hasErrors()) return;
  out.warning(mark, "there is no route: every request will be answered 404").expected =
      "`hosts` or `paths`";
}

}  // namespace

const Section kFileKeys{"file", "the file", kFile, kFileAlso};
const Section kListenKeys{"listen", "listen", kListen};
const Section kDefaultKeys{"defaults", "defaults", kDefaults, kDefaultsAlso};

Config readConfig(std::span<const Value> roots, const Environment& environment, Diagnostics& out) {
  Config config;
  std::vector<Settings> files;
  for (const Value& root : roots)
    files.emplace_back(root, files.empty() ? kFileKeys : kIncludedKeys, out);
  readGlobals(files.front(), environment, config);
  PoolTable pools(out);
  RouteReader routes(config, pools, out);
  for (Settings& file : files)
    if (const Value* value = file.take("pools")) pools.readNamed(*value, config.default_pool_rules);
  for (Settings& file : files)
    if (const Value* value = file.take("hosts")) routes.readHosts(*value);
  for (Settings& file : files)
    if (const Value* value = file.take("paths")) routes.readPaths(*value);
  for (Settings& file : files) {
    if (&file != &files.front()) refuseGlobals(file);
    refuseInnerKeys(file);
    file.finish();
  }
  if (!out.hasErrors()) pools.warnOfUnused();
  routes.judgeTogether();
  for (const Value& root : roots) noteCourse(root, out);
  config.pools = pools.takePools();
  refuseKeysWithoutPath(config, out);
  if (!out.hasErrors()) warnOfPools(config, out);
  warnOfNothing(config, roots.front().mark, out);
  return config;
}

}  // namespace fairlead::config
