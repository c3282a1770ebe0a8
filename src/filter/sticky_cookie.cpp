// Reading, hiding and setting the cookie of `sticky`.
#include "filter/sticky_cookie.h"

#include "http/cookies.h"

namespace fairlead::filter {

std::span<const std::string_view> StickyCookie::valuesIn(const http::Fields& fields,
                                                         Arena& arena) const {
  std::span<std::string_view> room;
  size_t count = 0;
  http::forEachCookie(fields, [&](const http::Cookie& cookie) {
    if (cookie.name != name_ || cookie.unquoted().empty() || count == kMostValues) return;
    if (room.empty()) room = arena.array<std::string_view>(kMostValues);
    room[count++] = cookie.unquoted();
  });
  return room.first(count);
}

void StickyCookie::hide(http::Fields& fields, Arena& arena) const {
  http::removeCookies(fields, arena,
                      [this](const http::Cookie& cookie) { return cookie.name == name_; });
}

http::Field StickyCookie::setCookie(std::string_view value, std::string_view scheme,
                                    Arena& arena) const {
  return http::Field::make(arena, http::FieldId::SetCookie,
                           arena.join(name_, "=", value, "; Path=/; HttpOnly; SameSite=Lax",
                                      scheme == "https" ? "; Secure" : ""));
}

}  // namespace fairlead::filter
