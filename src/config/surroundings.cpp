// Reading `dns` and `state`.
#include "config/surroundings.h"

#include <fmt/format.h>

#include <algorithm>

#include "config/address.h"

namespace fairlead::config {
namespace {

constexpr Key kDns[] = {
    {"servers", "dns_server...", "",
     "who is asked, in this order; without it: the system's servers"},
};

void readServers(const Value& value, Setting<std::vector<SocketAddress>>& into, Diagnostics& out) {
  std::vector<SocketAddress> servers;
  for (const Value* item : readScalars(value, out)) {
    const auto server = readDnsServer(*item, out);
    if (!server) continue;
    if (std::find(servers.begin(), servers.end(), *server) != servers.end())
      out.error(item->mark, fmt::format("the DNS server `{}` stands twice", server->text()));
    servers.push_back(*server);
  }
  if (value.isList() && value.items.empty())
    out.error(value.mark, "there are no servers in this list").expected =
        "at least one; without `servers`, the system's are asked";
  into = {std::move(servers), value.mark};
}

}  // namespace

const Section kDnsKeys{"dns", "dns", kDns};

void readDns(const Value* value, Setting<std::vector<SocketAddress>>& into, Diagnostics& out) {
  if (value == nullptr) return;
  Settings settings(*value, kDnsKeys, out);
  if (const Value* servers = settings.take("servers")) readServers(*servers, into, out);
  settings.finish();
}

void readState(const Value* value, const Environment& environment, Setting<std::string>& into,
               Diagnostics& out) {
  if (value == nullptr) {
    const std::string folders = environment("STATE_DIRECTORY").value_or("");
    into.value = folders.substr(0, folders.find(':'));
    return;
  }
  if (value->isOff()) {
    into = {"", value->mark};
    return;
  }
  const auto name = readString(*value, out);
  if (!name) return;
  if (name->empty()) {
    out.error(value->mark, "this names no folder").expected =
        "a folder such as /var/lib/fairlead, or off";
    return;
  }
  std::string folder = besideFile(out.files[value->mark.file].name, *name);
  if (folder == "off") folder = "./off";  // the folder, not the word
  into = {std::move(folder), value->mark};
}

}  // namespace fairlead::config
