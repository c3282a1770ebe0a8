// Conversions between SocketAddress and sockaddr.
#include "io/socket_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

namespace fairlead::io {

KernelAddress::KernelAddress(const SocketAddress& address) {
  if (address.ip.isV4()) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(address.port);
    v4.sin_addr.s_addr = htonl(address.ip.v4HostOrder());
    std::memcpy(&storage_, &v4, sizeof v4);
    length_ = sizeof v4;
    return;
  }
  sockaddr_in6 v6{};
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(address.port);
  std::memcpy(&v6.sin6_addr, address.ip.bytes().data(), 16);
  std::memcpy(&storage_, &v6, sizeof v6);
  length_ = sizeof v6;
}

KernelAddress KernelAddress::unixPath(std::string_view path) {
  KernelAddress address;
  sockaddr_un local{};
  local.sun_family = AF_UNIX;
  const size_t length = std::min(path.size(), sizeof local.sun_path - 1);
  std::memcpy(local.sun_path, path.data(), length);
  std::memcpy(&address.storage_, &local, sizeof local);
  address.length_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length + 1);
  return address;
}

SocketAddress fromKernel(const sockaddr_storage& storage) {
  if (storage.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(storage);
    return {IpAddress::v4(ntohl(v4.sin_addr.s_addr)), ntohs(v4.sin_port)};
  }
  if (storage.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(storage);
    std::array<uint8_t, 16> bytes;
    std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
    return {IpAddress::v6(bytes), ntohs(v6.sin6_port)};
  }
  return {};
}

}  // namespace fairlead::io
