// The hosts file through c-ares.
#include "discovery/hosts_file.h"

#include <ares.h>
#include <netdb.h>
#include <sys/socket.h>

#include <cstdlib>
#include <cstring>

#include "discovery/answer.h"
#include "io/socket_address.h"

namespace fairlead::discovery {
namespace {

// For ares_getaddrinfo; `into` is a std::vector<IpAddress>.
void collect(void* into, int status, int, ares_addrinfo* found) {
  if (status == ARES_SUCCESS && found) {
    for (const ares_addrinfo_node* node = found->nodes; node; node = node->ai_next) {
      sockaddr_storage storage{};
      std::memcpy(&storage, node->ai_addr, node->ai_addrlen);
      static_cast<std::vector<IpAddress>*>(into)->push_back(io::fromKernel(storage).ip);
    }
  }
  ares_freeaddrinfo(found);
}

}  // namespace

HostsFile::HostsFile() {
  char lookups[] = "f";
  ares_options options{};
  options.lookups = lookups;
  if (ares_init_options(&channel_, &options, ARES_OPT_LOOKUPS) != ARES_SUCCESS) channel_ = nullptr;
}

HostsFile::~HostsFile() {
  if (channel_) ares_destroy(channel_);
}

std::vector<IpAddress> HostsFile::find(const std::string& host) const {
  std::vector<IpAddress> found;
  if (!channel_) return found;
  ares_addrinfo_hints hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_flags = ARES_AI_NOSORT;
  // c-ares takes the wish without the variable for a failure.
  if (std::getenv("CARES_HOSTS")) hints.ai_flags |= ARES_AI_ENVHOSTS;
  ares_getaddrinfo(channel_, host.c_str(), nullptr, &hints, collect, &found);
  normalise(found);
  return found;
}

}  // namespace fairlead::discovery
