// Reads /proc/self/net/tcp and tcp6: the number of a line, the local address, the other one, the
// state, all in hexadecimal digits. (/proc/net is not there for a service with ProcSubset=pid.)
#include "io/half_open.h"

#include <algorithm>
#include <charconv>
#include <fstream>
#include <string>

#include "base/words.h"

namespace fairlead::io {
namespace {

constexpr std::string_view kSynReceived = "03";

}  // namespace

bool isHalfOpen(std::string_view line, std::span<const uint16_t> ports) {
  takeWord(line);
  const std::string_view local = takeWord(line);
  takeWord(line);
  const size_t colon = local.rfind(':');
  if (takeWord(line) != kSynReceived || colon == std::string_view::npos) return false;
  uint16_t port = 0;
  const char* const end = local.data() + local.size();
  const auto parsed = std::from_chars(local.data() + colon + 1, end, port, 16);
  return parsed.ec == std::errc() && parsed.ptr == end &&
         std::ranges::find(ports, port) != ports.end();
}

bool anyHalfOpen(std::span<const uint16_t> ports) {
  std::ifstream of_ipv4("/proc/self/net/tcp");
  std::ifstream of_ipv6("/proc/self/net/tcp6");  // where there is IPv6
  if (!of_ipv4) return true;
  for (std::ifstream* table : {&of_ipv4, &of_ipv6})
    for (std::string line; std::getline(*table, line);)
      if (isHalfOpen(line, ports)) return true;
  return false;
}

}  // namespace fairlead::io
