// Cookies (RFC 6265): the pairs of a request's Cookie fields, and the attributes of a Set-Cookie.
#pragma once

#include <string_view>

#include "base/arena.h"
#include "http/fields.h"

namespace fairlead::http {

struct Cookie {
  std::string_view name;
  std::string_view value;  // as received, surrounding quotes included
  // Without surrounding quotes.
  std::string_view unquoted() const;
};

// Calls `visit(Cookie)` for each pair of all Cookie fields, in order; a part without `=` is a name.
template <typename Visit>
void forEachCookie(const Fields& fields, Visit visit);

// The first cookie of that name (letter case counts). False: there is none.
bool findCookie(const Fields& fields, std::string_view name, Cookie& found);

// Removes all cookies that `drop(Cookie)` names; other pairs keep their bytes and order; a Cookie
// field without pairs goes. Returns how many were removed; no copy is made when none.
template <typename Drop>
size_t removeCookies(Fields& fields, Arena& arena, Drop drop);

// cookie-name of RFC 6265 section 4.1.1, and a value that can stand in a Cookie field.
bool isCookieName(std::string_view text);
bool isCookieValue(std::string_view text);

}  // namespace fairlead::http
