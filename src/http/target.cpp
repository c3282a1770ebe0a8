// Splits a request target into the parts that rules read (RFC 9112 section 3.2).
#include "http/target.h"

#include "base/ascii.h"
#include "http/path.h"

namespace fairlead::http {

namespace {

using Parsed = std::expected<Target, TargetFault>;

std::unexpected<TargetFault> fault(std::string_view sentence) {
  return std::unexpected(TargetFault{sentence});
}

constexpr std::string_view kFragment = "The request target holds a fragment";

// Fills path and query from `text`, which begins with '/'.
Parsed takePathAndQuery(Target target, std::string_view text, Arena& arena) {
  const PathExtent extent = scanPath(text);
  target.raw_path = target.path = text.substr(0, extent.end);
  text.remove_prefix(extent.end);
  if (!text.empty()) {
    if (text.find('#') != std::string_view::npos) return fault(kFragment);
    target.has_query = true;
    target.query = text.substr(1);
  }
  if (extent.canonical) return target;
  const auto path = rewritePath(target.raw_path, arena);
  if (!path) return std::unexpected(path.error());
  target.path = *path;
  return target;
}

Parsed parseAuthorityForm(std::string_view raw) {
  // A valid authority that ends in a digit behind a colon, outside of brackets, ends in a port.
  const bool has_port = raw.find(':') != std::string_view::npos && ascii::isDigit(raw.back());
  if (!has_port || !isValidAuthority(raw))
    return fault("The target of CONNECT is not a host and a port");
  Target target;
  target.form = TargetForm::Authority;
  target.authority = raw;
  target.path = target.raw_path = "/";
  return target;
}

Parsed parseAsteriskForm(bool is_options) {
  if (!is_options) return fault("The request target '*' is for OPTIONS only");
  Target target;
  target.form = TargetForm::Asterisk;
  target.path = target.raw_path = "*";
  return target;
}

bool isWebScheme(std::string_view scheme) {
  return ascii::equalsIgnoreCase(scheme, "http") || ascii::equalsIgnoreCase(scheme, "https");
}

// Fills path and query of an absolute target from what follows its authority.
Parsed takeAbsolutePath(Target target, std::string_view rest, bool is_options, Arena& arena) {
  if (rest.starts_with('/')) return takePathAndQuery(target, rest, arena);
  // OPTIONS of a URI without path and query asks about the server as a whole (RFC 9112
  // section 3.2.4).
  target.path = target.raw_path = is_options && rest.empty() ? "*" : "/";
  if (rest.empty()) return target;
  if (rest.find('#') != std::string_view::npos) return fault(kFragment);
  target.has_query = true;
  target.query = rest.substr(1);
  return target;
}

Parsed parseAbsoluteForm(std::string_view raw, bool is_options, Arena& arena) {
  const size_t scheme_end = raw.find("://");
  if (scheme_end == std::string_view::npos)
    return fault("The request target is neither a path nor a URI");
  Target target;
  target.form = TargetForm::Absolute;
  target.scheme = raw.substr(0, scheme_end);
  if (!isWebScheme(target.scheme))
    return fault("The scheme of the request target is neither http nor https");
  std::string_view rest = raw.substr(scheme_end + 3);
  const size_t authority_end = rest.find_first_of("/?#");
  target.authority = rest.substr(0, authority_end);
  rest.remove_prefix(target.authority.size());
  if (target.authority.find('@') != std::string_view::npos)
    return fault("The request target holds user information");
  if (!isValidAuthority(target.authority))
    return fault("The host of the request target is not valid");
  return takeAbsolutePath(target, rest, is_options, arena);
}

}  // namespace

std::expected<Target, TargetFault> parseTarget(std::string_view raw, bool is_connect,
                                               bool is_options, Arena& arena) {
  if (is_connect) return parseAuthorityForm(raw);
  if (raw.starts_with('/')) return takePathAndQuery(Target{}, raw, arena);
  if (raw == "*") return parseAsteriskForm(is_options);
  return parseAbsoluteForm(raw, is_options, arena);
}

}  // namespace fairlead::http
