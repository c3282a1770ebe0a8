// The names that a machine knows by itself.
#pragma once

#include <string>
#include <vector>

#include "base/ip_address.h"

struct ares_channeldata;

namespace fairlead::discovery {

// /etc/hosts, or what $CARES_HOSTS names. Read anew for each question; blocks as a file does.
class HostsFile {
 public:
  HostsFile();
  HostsFile(const HostsFile&) = delete;
  HostsFile& operator=(const HostsFile&) = delete;
  ~HostsFile();

  // IPv4 first, sorted, each once, of all lines that hold the name; empty when none does.
  std::vector<IpAddress> find(const std::string& host) const;

 private:
  ares_channeldata* channel_ = nullptr;  // one that looks into the file and nowhere else
};

}  // namespace fairlead::discovery
