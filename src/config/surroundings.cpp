// Reading `dns`, `state` and `geo`.
#include "config/surroundings.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/hash.h"
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

constexpr Key kGeo[] = {
    {"database", "file_name", "", "a MaxMind database of countries or cities; it is watched"},
};

void readDatabase(const Value& value, firewall::Geo& into, Diagnostics& out) {
  const auto name = readString(value, out);
  const Diagnostics::File* file = name ? namedFile(value, out) : nullptr;
  if (file == nullptr) return;
  auto database = firewall::CountryDatabase::open(file->text);
  if (!database) {
    out.error(value.mark, fmt::format("cannot use `{}`: {}", file->name, database.error()))
        .expected = "a MaxMind database such as GeoLite2-Country.mmdb";
    return;
  }
  into.name = {*name, value.mark};
  into.database = std::make_shared<firewall::LiveDatabase>(
      file->name, static_cast<uint32_t>(file - out.files.data()), hashOfText(file->text),
      *std::move(database));
}

}  // namespace

const Section kDnsKeys{"dns", "dns", kDns};
const Section kGeoKeys{"geo", "geo", kGeo};

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

void readGeo(const Value* value, firewall::Geo& into, Diagnostics& out) {
  if (value == nullptr) return;
  into.is_named = true;
  Settings settings(*value, kGeoKeys, out);
  const Value* database = settings.take("database");
  if (database != nullptr)
    readDatabase(*database, into, out);
  else if (value->isMap() && value->entries.empty())
    out.error(value->mark, "this names no database").expected =
        "geo: { database: GeoLite2-Country.mmdb }";
  settings.finish();
}

}  // namespace fairlead::config
