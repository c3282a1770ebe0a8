// The grammar of field names and values, and which fields a trailer section may carry.
#include "base/ascii.h"
#include "http/byte_class.h"
#include "http/semantics.h"

namespace fairlead::http {

namespace {

// Known fields that frame, route, authenticate, modify the request, or describe the content: what
// comes after the content comes too late for them (RFC 9110 section 6.5.1).
constexpr uint64_t kNotInTrailers =
    maskOf(FieldId::AcceptEncoding, FieldId::Accept, FieldId::Age, FieldId::Authorization,
           FieldId::CacheControl, FieldId::Connection, FieldId::ContentEncoding,
           FieldId::ContentLength, FieldId::ContentLocation, FieldId::ContentType, FieldId::Cookie,
           FieldId::Date, FieldId::Expect, FieldId::Forwarded, FieldId::Host, FieldId::KeepAlive,
           FieldId::Location, FieldId::MaxForwards, FieldId::Origin, FieldId::ProxyAuthenticate,
           FieldId::ProxyAuthorization, FieldId::ProxyConnection, FieldId::ProxyOther,
           FieldId::Range, FieldId::Referer, FieldId::RetryAfter, FieldId::SetCookie, FieldId::Te,
           FieldId::Trailer, FieldId::TransferEncoding, FieldId::Upgrade, FieldId::UserAgent,
           FieldId::Vary, FieldId::Via, FieldId::WwwAuthenticate) |
    maskOf(FieldId::XForwardedFor, FieldId::XForwardedHost, FieldId::XForwardedPort,
           FieldId::XForwardedProto, FieldId::XForwardedOther, FieldId::XRealIp,
           FieldId::XRequestId);

// The same among names without an id.
constexpr std::string_view kOthersNotInTrailers[] = {
    "Content-Range", "Expires",  "If-Match",      "If-Modified-Since",
    "If-None-Match", "If-Range", "Pragma",        "If-Unmodified-Since",
    "Warning",       "Allow",    "Accept-Ranges",
};

bool isUnknownButRefused(std::string_view name) {
  for (const std::string_view refused : kOthersNotInTrailers)
    if (ascii::equalsIgnoreCase(name, refused)) return true;
  return name.find('_') != std::string_view::npos;
}

}  // namespace

bool allowedInTrailers(const Field& field) {
  if ((maskOf(field.id()) & kNotInTrailers) != 0) return false;
  return field.id() != FieldId::Unknown || !isUnknownButRefused(field.name());
}

bool isToken(std::string_view text) {
  for (const char c : text)
    if (!isTokenByte(c)) return false;
  return !text.empty();
}

bool isFieldValue(std::string_view text) {
  for (const char c : text)
    if (isControlByte(c)) return false;
  return ascii::trim(text).size() == text.size();
}

}  // namespace fairlead::http
