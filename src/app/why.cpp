// fairlead why: asks the admin API of a running fairlead, and prints its sentences.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <expected>
#include <iostream>
#include <nlohmann/json.hpp>

#include "admin/client.h"
#include "app/verbs.h"
#include "config/admin_settings.h"
#include "config/diagnostic.h"

namespace fairlead::app {
namespace {

using Json = nlohmann::ordered_json;

constexpr Duration kPatience = std::chrono::seconds(5);
constexpr const char* kTokenVariable = "FAIRLEAD_ADMIN_TOKEN";

// Why there is nothing to print; the sentence may have been printed already.
struct Trouble {
  Exit exit = Exit::NotReachable;
  std::string sentence;
};
template <typename T>
using Tried = std::expected<T, Trouble>;

std::unexpected<Trouble> trouble(Exit exit, std::string sentence) {
  return std::unexpected(Trouble{exit, std::move(sentence)});
}

// --- whom to ask

struct Door {
  admin::AdminAddress address;
  std::string token;
};

// A client reaches what listens everywhere on the loopback.
admin::AdminAddress addressOf(const config::Listen& listen) {
  IpAddress ip = listen.address;
  if (listen.any || ip == IpAddress::v4(0)) ip = IpAddress::v4(0x7f000001);
  return {.tcp = {ip, listen.port}, .unix_path = listen.unix_path};
}

std::string tokenOfEnvironment() {
  const char* token = std::getenv(kTokenVariable);
  return token == nullptr ? "" : token;
}

Tried<admin::AdminAddress> addressFrom(const std::string& text) {
  Diagnostics findings;
  findings.files.push_back({"--admin", text});
  const Mark mark{0, 1, 1, static_cast<uint32_t>(text.size())};
  const auto listen = config::readAdminAddress(Value::scalar(text, mark), findings);
  if (listen) return addressOf(*listen);
  complain(findings);
  return trouble(Exit::Usage, "");
}

// The file that was named must be in order; one that only lies here is asked if it is.
Tried<std::optional<config::AdminSettings>> settingsOf(const WhyRequest& request) {
  if (request.config_file) {
    Diagnostics findings;
    const auto config = loadOrComplain(*request.config_file, Warnings::Silent, findings);
    if (!config) return trouble(Exit::BadConfig, "");
    return config->admin;
  }
  if (!request.admin.empty() || ::access(kDefaultConfig, R_OK) != 0) return std::nullopt;
  const config::Loaded loaded = config::loadFile(kDefaultConfig, config::processEnvironment);
  if (loaded.config) return loaded.config->admin;
  std::cerr << fmt::format("{} has errors, see `fairlead check`: asking the usual address\n",
                           kDefaultConfig);
  return std::nullopt;
}

Tried<Door> doorOf(const WhyRequest& request) {
  auto settings = settingsOf(request);
  if (!settings) return std::unexpected(settings.error());
  const config::AdminSettings admin = settings->value_or(config::AdminSettings());
  Door door{.address = addressOf(admin.address.value), .token = admin.token.value};
  if (door.token.empty()) door.token = tokenOfEnvironment();
  if (!request.admin.empty()) {
    auto address = addressFrom(request.admin);
    if (!address) return std::unexpected(address.error());
    door.address = *std::move(address);
  } else if (!admin.on) {
    return trouble(
        Exit::NotReachable,
        "the configuration switches the admin API off; `--admin` says where else to ask");
  }
  return door;
}

// --- asking

class Api {
 public:
  explicit Api(Door door) : door_(std::move(door)) {}

  Tried<Json> pools() const { return get("/api/pools"); }
  Tried<Json> pool(std::string_view name) const { return get(pathOf(name)); }
  Tried<Json> servers(std::string_view name) const { return get(pathOf(name) + "/servers"); }
  Tried<Json> server(std::string_view pool, std::string_view name) const {
    return get(fmt::format("{}/servers/{}", pathOf(pool), admin::segment(name)));
  }

 private:
  static std::string pathOf(std::string_view pool) { return "/api/pools/" + admin::segment(pool); }

  Tried<Json> get(const std::string& target) const {
    const auto reply = admin::ask(
        door_.address, {.token = door_.token, .method = "GET", .target = target}, kPatience);
    if (!reply) return trouble(Exit::NotReachable, reply.error());
    Json json = Json::parse(reply->body, nullptr, false);
    if (!json.is_object())
      return trouble(
          Exit::NotReachable,
          fmt::format("what answers on {} is not fairlead's admin API", door_.address.text()));
    if (reply->status == 200) return json;
    const bool is_unknown = reply->status == 404 || reply->status == 409;
    std::string sentence = json.value("error", fmt::format("status {}", reply->status));
    if (reply->status == 401)
      sentence += fmt::format("; set {} or name the configuration with -c", kTokenVariable);
    return trouble(is_unknown ? Exit::Unknown : Exit::NotReachable, std::move(sentence));
  }

  Door door_;
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

// A line for each pool, and all about what is not well.
Tried<std::string> allText(const Api& api) {
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
  return text;
}

std::string poolText(const Json& pool, const Json& servers) {
  std::string text = headingOf(pool, 0) + indented(pool.at("why"), "  ");
  for (const Json& server : servers) text += "\n" + serverText(server, "");
  return text;
}

std::string dumped(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

// POOL, else POOL/SERVER: names of pools hold slashes, so the whole is tried first.
Tried<std::string> targetText(const Api& api, const WhyRequest& request) {
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
  auto door = doorOf(request);
  if (!door) return std::unexpected(door.error());
  const Api api(*std::move(door));
  if (!request.target.empty()) return targetText(api, request);
  if (!request.json) return allText(api);
  const auto pools = api.pools();
  if (!pools) return std::unexpected(pools.error());
  return dumped(*pools);
}

}  // namespace

Exit why(const WhyRequest& request) {
  Tried<std::string> text;
  try {
    text = textFor(request);
  } catch (const Json::exception&) {
    text = trouble(Exit::NotReachable,
                   "the answer cannot be read: is that fairlead of another version?");
  }
  if (text) {
    std::cout << *text;
    return Exit::Ok;
  }
  if (!text.error().sentence.empty()) std::cerr << text.error().sentence << "\n";
  return text.error().exit;
}

}  // namespace fairlead::app
