// Reading and removing cookies by view.
#include "http/cookies.h"

#include <algorithm>

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

void CookieKeeper::keep(std::string_view part) {
  if (isChanged()) append(part);
}

void CookieKeeper::drop(std::string_view part) {
  if (isChanged()) return;
  begin_ = end_ = arena_.allocate(value_.size());
  const auto before = static_cast<size_t>(part.data() - value_.data());
  if (before > 0) append(value_.substr(0, before - 1));
}

// What is written is never longer than what was read: each part but the first brings its `;`.
void CookieKeeper::append(std::string_view part) {
  if (end_ != begin_) *end_++ = ';';
  if (end_ == begin_) part.remove_prefix(std::min(part.find_first_not_of(" \t"), part.size()));
  if (!part.empty()) std::memcpy(end_, part.data(), part.size());
  end_ += part.size();
}

bool isCookieName(std::string_view text) { return isToken(text); }

bool isCookieValue(std::string_view text) {
  if (isQuoted(text)) text = text.substr(1, text.size() - 2);
  return std::ranges::all_of(text, isCookieByte);
}

}  // namespace fairlead::http
