// What fairlead is told of the place where it runs: its zone, the DNS servers, a folder to keep
// things in, where addresses are.
#pragma once

#include "config/config.h"
#include "config/environment.h"

namespace fairlead::config {

extern const Section kDnsKeys;
extern const Section kGeoKeys;

// `dns: { servers: [127.0.0.1:8600] }`. No value, nothing is read; so for the others.
void readDns(const Value* value, Setting<std::vector<SocketAddress>>& into, Diagnostics& out);

// The folder `state`. Without a value it is the first one that $STATE_DIRECTORY names, which is how
// systemd tells a service of its own.
void readState(const Value* value, const Environment& environment, Setting<std::string>& into,
               Diagnostics& out);

// `geo: { database: GeoLite2-Country.mmdb }`. The loader has read the file.
void readGeo(const Value* value, firewall::Geo& into, Diagnostics& out);

}  // namespace fairlead::config
