// Fuzzes PROXY headers: however many bytes are there, the verdict is the same as soon as there is
// one, and what a header tells can be written and read back.
#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "io/proxy_protocol.h"

namespace {

using namespace fairlead::io;
using Status = ProxyHeader::Status;

void require(bool holds) {
  if (!holds) std::abort();
}

bool alike(const ProxyHeader& a, const ProxyHeader& b) {
  return a.status == b.status && a.tells_ends == b.tells_ends && a.ends == b.ends &&
         a.length == b.length;
}

void readBack(const ConnectionEnds& ends) {
  for (const ProxyVersion version : {ProxyVersion::V1, ProxyVersion::V2}) {
    std::array<char, kProxyHeaderRoom> room;
    const size_t length = writeProxyHeader(version, ends, room);
    const ProxyHeader again = parseProxyHeader({room.data(), length});
    require(again.tells_ends && again.ends == ends && again.length == length);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // Exactly as long as the input, so that a byte read beyond it is noticed.
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const ProxyHeader whole = parseProxyHeader(bytes);
  if (whole.status == Status::Incomplete) require(size < kMostProxyHeader);
  require((whole.status == Status::Malformed) == !whole.fault.empty());
  bool decided = false;
  for (size_t length = 0; length < size; ++length) {
    const std::string prefix = bytes.substr(0, length);
    const ProxyHeader part = parseProxyHeader(prefix);
    if (part.status == Status::Incomplete) {
      require(!decided);
    } else {
      require(part.status == whole.status);
      if (part.status == Status::Complete) require(alike(part, whole));
      decided = true;
    }
  }
  if (whole.status == Status::Complete) {
    require(whole.length <= size && whole.length <= kMostProxyHeader);
    require(parseProxyHeader(std::string(bytes, 0, whole.length - 1)).status == Status::Incomplete);
    if (whole.tells_ends) readBack(whole.ends);
  }
  return 0;
}
