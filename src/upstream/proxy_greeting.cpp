// Choosing the form of the header.
#include "upstream/proxy_greeting.h"

namespace fairlead::upstream {

std::string_view greetingFor(SendProxyProtocol version, const io::ConnectionEnds& client,
                             std::span<char, io::kProxyHeaderRoom> room) {
  const io::ProxyVersion form =
      version == SendProxyProtocol::V1 ? io::ProxyVersion::V1 : io::ProxyVersion::V2;
  const size_t length = client.source.ip.isUnspecified() ? io::writeLocalProxyHeader(form, room)
                                                         : io::writeProxyHeader(form, client, room);
  return {room.data(), length};
}

}  // namespace fairlead::upstream
