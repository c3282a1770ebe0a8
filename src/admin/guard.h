// Who may ask: keeps web pages of other places, and whoever has no token, away from the API. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "admin/settings.h"
#include "http/message.h"

namespace fairlead::admin {

// A Unix socket is out of a browser's reach, and its Host says nothing.
enum class Transport : uint8_t { Tcp, Unix };

struct Refusal {
  uint16_t status = 403;
  std::string_view sentence;  // static storage
};

// A page whose name is made to lead here (DNS rebinding) shows that name as its Host; a page of
// another place shows itself as Origin. Both are 403, a missing or wrong token is 401. Nothing: the
// request may pass.
std::optional<Refusal> refusalOf(const http::RequestHead& head, Transport transport,
                                 const AdminSettings& settings);

}  // namespace fairlead::admin
