// Decoding what need not have been encoded.
#include "firewall/plain_path.h"

#include "http/percent.h"

namespace fairlead::firewall {
namespace {

bool isHidden(int octet) { return octet > 0x20 && octet < 0x7F && octet != '/' && octet != '%'; }

// Where the first escape of `path` begins that is to be decoded; its size when there is none.
size_t findHidden(std::string_view path) {
  size_t at = path.find('%');
  while (at != std::string_view::npos && !isHidden(http::escapedOctet(path.substr(at))))
    at = path.find('%', at + 1);
  return std::min(at, path.size());
}

}  // namespace

std::string_view plainPath(std::string_view path, PlainPathRoom& room) {
  size_t plain = findHidden(path);
  if (plain == path.size()) return path;
  room.clear();
  while (plain < path.size()) {
    room.append(path.substr(0, plain));
    room.push_back(static_cast<char>(http::escapedOctet(path.substr(plain))));
    path.remove_prefix(plain + 3);
    plain = findHidden(path);
  }
  room.append(path);
  return {room.data(), room.size()};
}

std::string plainPath(std::string_view path) {
  PlainPathRoom room;
  return std::string(plainPath(path, room));
}

}  // namespace fairlead::firewall
