// Finding the running fairlead that is meant, and asking it.
#include "app/admin_door.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <optional>

#include "app/verbs.h"
#include "config/admin_settings.h"
#include "config/diagnostic.h"

namespace fairlead::app {
namespace {

constexpr Duration kPatience = std::chrono::seconds(5);
constexpr const char* kTokenVariable = "FAIRLEAD_ADMIN_TOKEN";

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
Tried<std::optional<config::AdminSettings>> settingsOf(const AdminRequest& request) {
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

}  // namespace

std::unexpected<Trouble> trouble(Exit exit, std::string sentence) {
  return std::unexpected(Trouble{exit, std::move(sentence)});
}

Tried<AdminDoor> AdminDoor::of(const AdminRequest& request) {
  auto settings = settingsOf(request);
  if (!settings) return std::unexpected(settings.error());
  const config::AdminSettings admin = settings->value_or(config::AdminSettings());
  AdminDoor door(addressOf(admin.address.value), admin.token.value);
  if (door.token_.empty()) door.token_ = tokenOfEnvironment();
  if (!request.admin.empty()) {
    auto address = addressFrom(request.admin);
    if (!address) return std::unexpected(address.error());
    door.address_ = *std::move(address);
  } else if (!admin.on) {
    return trouble(
        Exit::NotReachable,
        "the configuration switches the admin API off; `--admin` says where else to ask");
  }
  return door;
}

Tried<Json> AdminDoor::ask(std::string_view method, const std::string& target) const {
  const auto reply =
      admin::ask(address_, {.token = token_, .method = method, .target = target}, kPatience);
  if (!reply) return trouble(Exit::NotReachable, reply.error());
  Json json = Json::parse(reply->body, nullptr, false);
  if (!json.is_object())
    return trouble(Exit::NotReachable,
                   fmt::format("what answers on {} is not fairlead's admin API", address_.text()));
  if (reply->status == 200) return json;
  std::string sentence = json.value("error", fmt::format("status {}", reply->status));
  if (reply->status == 401)
    sentence += fmt::format("; set {} or name the configuration with -c", kTokenVariable);
  const bool is_unknown = reply->status == 404 || reply->status == 409;
  const Exit exit = reply->status == 400 ? Exit::Usage
                    : is_unknown         ? Exit::Unknown
                                         : Exit::NotReachable;
  return trouble(exit, std::move(sentence));
}

Exit printOr(const std::function<Tried<std::string>()>& text) {
  Tried<std::string> tried;
  try {
    tried = text();
  } catch (const Json::exception&) {
    tried = trouble(Exit::NotReachable,
                    "the answer cannot be read: is that fairlead of another version?");
  }
  if (tried) {
    std::cout << *tried;
    return Exit::Ok;
  }
  if (!tried.error().sentence.empty()) std::cerr << tried.error().sentence << "\n";
  return tried.error().exit;
}

std::string dumped(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace fairlead::app
