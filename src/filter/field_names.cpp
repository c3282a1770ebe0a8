// Framing and hop-by-hop fields are fairlead's own business.
#include "filter/field_names.h"

#include <algorithm>

#include "base/ascii.h"
#include "base/glob.h"
#include "http/cookies.h"
#include "http/semantics.h"

namespace fairlead::filter {
namespace {

using http::FieldId;

constexpr uint64_t kFraming = http::maskOf(FieldId::ContentLength, FieldId::TransferEncoding,
                                           FieldId::Trailer, FieldId::Expect);
constexpr uint64_t kHopByHop =
    http::maskOf(FieldId::Connection, FieldId::KeepAlive, FieldId::Te, FieldId::Upgrade,
                 FieldId::ProxyAuthenticate, FieldId::ProxyAuthorization, FieldId::ProxyConnection,
                 FieldId::ProxyOther);

constexpr std::string_view kField = "a header field";

bool failSyntax(const Value& name, std::string_view what, Diagnostics& out) {
  out.error(name.mark, "`" + name.text + "` is not the name of " + std::string(what)).expected =
      "letters, digits and -_.!#$%&'*+^`|~";
  return false;
}

}  // namespace

bool isProtectedField(FieldId id) { return (http::maskOf(id) & (kFraming | kHopByHop)) != 0; }

bool checkFieldName(const Value& name, Diagnostics& out) {
  if (!http::isToken(name.text)) return failSyntax(name, kField, out);
  const FieldId id = http::fieldIdOf(name.text);
  if (!isProtectedField(id)) return true;
  const bool is_framing = (http::maskOf(id) & kFraming) != 0;
  out.error(name.mark, "`" + name.text + "` cannot be changed by rules: " +
                           (is_framing ? "fairlead sets it to fit the body"
                                       : "it belongs to one connection, not to the message"));
  return false;
}

bool checkFieldGlob(const Value& name, Diagnostics& out) {
  if (!isGlob(name.text)) return checkFieldName(name, out);
  return http::isToken(name.text) || failSyntax(name, kField, out);
}

bool checkCookieName(const Value& name, Diagnostics& out) {
  return http::isCookieName(name.text) || failSyntax(name, "a cookie", out);
}

}  // namespace fairlead::filter
