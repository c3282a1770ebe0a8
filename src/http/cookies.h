// Cookies (RFC 6265): the pairs of a request's Cookie fields, and the attributes of a Set-Cookie.
#pragma once

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

// Edits the value of a Cookie or Set-Cookie field part by part, each of which is told in its order.
// Memory is taken with the first change: until then all bytes are still where they were.
class CookieEditor {
 public:
  // `growth`: how many bytes replacements and one added part may bring in all.
  CookieEditor(std::string_view value, Arena& arena, size_t growth = 0)
      : value_(value), arena_(arena), growth_(growth) {}

  void keep(std::string_view part);
  void drop(std::string_view part);
  // Puts `text` in the place of `piece`, which lies within the part.
  void replace(std::string_view part, std::string_view piece, std::string_view text);
  // One part more, behind all others.
  void add(std::string_view part);

  bool isChanged() const { return begin_ != nullptr; }
  // When changed: what was kept has the bytes and the order that it had.
  std::string_view text() const {
    return ascii::trim({begin_, static_cast<size_t>(end_ - begin_)});
  }

 private:
  void begin(size_t unchanged);
  void write(std::string_view text);
  void writePart(std::string_view part);

  std::string_view value_;
  Arena& arena_;
  size_t growth_;
  char* begin_ = nullptr;
  char* end_ = nullptr;
};

// Erases Cookie fields that hold no pair.
void eraseEmptyCookies(Fields& fields);

// Calls `edit(CookieEditor&, part)` for each part of all Cookie fields; `growth` as of the editor.
// A field without pairs goes, unless nothing changed. False: a field has become too long.
template <typename Edit>
bool editCookies(Fields& fields, Arena& arena, size_t growth, Edit edit) {
  if (!fields.mayHave(maskOf(FieldId::Cookie))) return true;
  bool is_changed = false;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (fields[i].id() != FieldId::Cookie) continue;
    CookieEditor editor(fields[i].value(), arena, growth);
    forEachCookiePart(fields[i].value(), [&](std::string_view part) { edit(editor, part); });
    if (!editor.isChanged()) continue;
    if (!fields.setValue(i, editor.text(), arena)) return false;
    is_changed = true;
  }
  if (is_changed) eraseEmptyCookies(fields);
  return true;
}

// Removes all cookies that `drop(Cookie)` names; other pairs keep their bytes and order; a Cookie
// field without pairs goes. Returns how many were removed; no copy is made when none.
template <typename Drop>
size_t removeCookies(Fields& fields, Arena& arena, Drop drop) {
  size_t removed = 0;
  editCookies(fields, arena, 0, [&](CookieEditor& editor, std::string_view part) {
    if (ascii::trim(part).empty() || !drop(cookieOf(part))) return editor.keep(part);
    editor.drop(part);
    ++removed;
  });
  return removed;
}

// cookie-name of RFC 6265 section 4.1.1, and a value that can stand in a Cookie field.
bool isCookieName(std::string_view text);
bool isCookieValue(std::string_view text);

}  // namespace fairlead::http
