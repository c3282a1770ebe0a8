// Cookies (RFC 6265): the pairs of a request's Cookie fields, and the attributes of a Set-Cookie.
#pragma once

#include <cstring>
#include <string_view>

#include "base/arena.h"
#include "base/ascii.h"
#include "http/fields.h"

namespace fairlead::http {

struct Cookie {
  std::string_view name;
  std::string_view value;  // as received, surrounding quotes included
  // Without surrounding quotes.
  std::string_view unquoted() const;
};

// Calls `visit(part)` for each part between `;`, blanks and empty parts included.
template <typename Visit>
void forEachCookiePart(std::string_view value, Visit visit) {
  for (;;) {
    const size_t end = value.find(';');
    visit(value.substr(0, end));
    if (end == std::string_view::npos) return;
    value.remove_prefix(end + 1);
  }
}

// A part as name and value, without the blanks around both; without `=` it is a name.
Cookie cookieOf(std::string_view part);

// Calls `visit(Cookie)` for each pair of all Cookie fields, in order; a part without `=` is a name.
template <typename Visit>
void forEachCookie(const Fields& fields, Visit visit) {
  if (!fields.mayHave(maskOf(FieldId::Cookie))) return;
  for (const Field& field : fields) {
    if (field.id() != FieldId::Cookie) continue;
    forEachCookiePart(field.value(), [&](std::string_view part) {
      if (!ascii::trim(part).empty()) visit(cookieOf(part));
    });
  }
}

// The first cookie of that name (letter case counts). False: there is none.
bool findCookie(const Fields& fields, std::string_view name, Cookie& found);

// Writes the parts of a Cookie field that stay. Memory is taken with the first part that does not:
// until then all bytes are still where they were.
class CookieKeeper {
 public:
  CookieKeeper(std::string_view value, Arena& arena) : value_(value), arena_(arena) {}

  void keep(std::string_view part);
  void drop(std::string_view part);
  bool isChanged() const { return begin_ != nullptr; }
  // The parts that stay, with the bytes and in the order that they had.
  std::string_view kept() const {
    return ascii::trim({begin_, static_cast<size_t>(end_ - begin_)});
  }

 private:
  void append(std::string_view part);

  std::string_view value_;
  Arena& arena_;
  char* begin_ = nullptr;
  char* end_ = nullptr;
};

// Removes all cookies that `drop(Cookie)` names; other pairs keep their bytes and order; a Cookie
// field without pairs goes. Returns how many were removed; no copy is made when none.
template <typename Drop>
size_t removeCookies(Fields& fields, Arena& arena, Drop drop) {
  if (!fields.mayHave(maskOf(FieldId::Cookie))) return 0;
  size_t removed = 0;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].id() != FieldId::Cookie) continue;
    CookieKeeper keeper(fields[i].value(), arena);
    forEachCookiePart(fields[i].value(), [&](std::string_view part) {
      const bool is_dropped = !ascii::trim(part).empty() && drop(cookieOf(part));
      removed += is_dropped ? 1 : 0;
      if (is_dropped)
        keeper.drop(part);
      else
        keeper.keep(part);
    });
    if (keeper.isChanged()) fields.replace(i, Field::make(arena, FieldId::Cookie, keeper.kept()));
  }
  if (removed == 0) return 0;
  fields.eraseIf([](const Field& field) {
    return field.id() == FieldId::Cookie &&
           field.value().find_first_not_of("; \t") == field.value().npos;
  });
  return removed;
}

// cookie-name of RFC 6265 section 4.1.1, and a value that can stand in a Cookie field.
bool isCookieName(std::string_view text);
bool isCookieValue(std::string_view text);

}  // namespace fairlead::http
