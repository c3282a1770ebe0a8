// Reading and removing cookies by view.
#include "http/cookies.h"

#include <algorithm>

#include "base/short_copy.h"
#include "http/byte_class.h"
#include "http/semantics.h"

namespace fairlead::http {
namespace {

bool isQuoted(std::string_view text) {
  return text.size() >= 2 && text.front() == '"' && text.back() == '"';
}

}  // namespace

std::string_view Cookie::unquoted() const {
  return isQuoted(value) ? value.substr(1, value.size() - 2) : value;
}

Cookie cookieOf(std::string_view part) {
  part = ascii::trim(part);
  const size_t equals = part.find('=');
  if (equals == std::string_view::npos) return {part, part.substr(part.size())};
  return {ascii::trim(part.substr(0, equals)), ascii::trim(part.substr(equals + 1))};
}

bool findCookie(const Fields& fields, std::string_view name, Cookie& found) {
  bool is_found = false;
  forEachCookie(fields, [&](const Cookie& cookie) {
    if (is_found || cookie.name != name) return;
    is_found = true;
    found = cookie;
  });
  return is_found;
}

void CookieEditor::keep(std::string_view part) {
  if (isChanged()) writePart(part);
}

void CookieEditor::drop(std::string_view part) {
  begin(static_cast<size_t>(part.data() - value_.data()));
}

void CookieEditor::replace(std::string_view part, std::string_view piece, std::string_view text) {
  begin(static_cast<size_t>(part.data() - value_.data()));
  const auto before = static_cast<size_t>(piece.data() - part.data());
  writePart(part.substr(0, before));
  write(text);
  write(part.substr(before + piece.size()));
}

void CookieEditor::add(std::string_view part) {
  begin(value_.size() + 1);
  if (end_ != begin_ && end_[-1] != ';') write(";");
  if (end_ != begin_) write(" ");
  write(part);
}

// The first `unchanged` bytes of the value stay; the last of them, the `;` before the part that
// changes, comes back with that part. Room is for one `; ` more.
void CookieEditor::begin(size_t unchanged) {
  if (isChanged()) return;
  begin_ = end_ = arena_.allocate(value_.size() + growth_ + 2);
  if (unchanged > 0) writePart(value_.substr(0, unchanged - 1));
}

void CookieEditor::write(std::string_view text) { end_ = append(end_, text); }

// What is written is never longer than what was read: each part but the first brings its `;`.
void CookieEditor::writePart(std::string_view part) {
  if (end_ == begin_)
    part.remove_prefix(std::min(part.find_first_not_of(" \t"), part.size()));
  else
    write(";");
  write(part);
}

void eraseEmptyCookies(Fields& fields) {
  fields.eraseIf([](const Field& field) {
    return field.id() == FieldId::Cookie &&
           field.value().find_first_not_of("; \t") == std::string_view::npos;
  });
}

bool isCookieName(std::string_view text) { return isToken(text); }

bool isCookieValue(std::string_view text) {
  if (isQuoted(text)) text = text.substr(1, text.size() - 2);
  return std::ranges::all_of(text, isCookieByte);
}

}  // namespace fairlead::http
