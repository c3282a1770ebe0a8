// Between fairlead's addresses and the kernel's.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <string>
#include <string_view>

#include "base/ip_address.h"

namespace fairlead::io {

// A sockaddr of the right family, ready for bind and connect.
class KernelAddress {
 public:
  explicit KernelAddress(const SocketAddress& address);
  // A Unix socket; the path must be shorter than sun_path.
  static KernelAddress unixPath(std::string_view path);

  int family() const { return storage_.ss_family; }
  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  socklen_t length() const { return length_; }

 private:
  KernelAddress() = default;
  sockaddr_storage storage_{};
  socklen_t length_ = 0;
};

// What accept and getsockname fill in; an address of another family is the unspecified one.
SocketAddress fromKernel(const sockaddr_storage& storage);

}  // namespace fairlead::io
