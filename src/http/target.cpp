// Splits a request target into the parts that rules read (RFC 9112 section 3.2).
#include "http/target.h"

#include "base/ascii.h"
#include "http/path.h"

namespace fairlead::http {

namespace {

// All of them return the fault's sentence, or an empty one, and fill `target`.
using Sentence = std::string_view;

constexpr Sentence kFragment = "The request target holds a fragment";

// Fills path and query from `text`, which begins with '/'.
Sentence takePathAndQuery(Target& target, std::string_view text, Arena& arena) {
  const PathExtent extent = scanPath(text);
  target.raw_path = target.path = text.substr(0, extent.end);
  text.remove_prefix(extent.end);
  if (!text.empty()) {
    if (text.find('#') != std::string_view::npos) return kFragment;
    target.has_query = true;
    target.query = text.substr(1);
  }
  if (extent.canonical) return {};
  const auto path = rewritePath(target.raw_path, arena);
  if (!path) return path.error().sentence;
  target.path = *path;
  return {};
}

Sentence takeAuthorityForm(Target& target, std::string_view raw) {
  // A valid authority that ends in a digit behind a colon, outside of brackets, ends in a port.
  const bool has_port = raw.find(':') != std::string_view::npos && ascii::isDigit(raw.back());
  if (!has_port || !isValidAuthority(raw)) return "The target of CONNECT is not a host and a port";
  target.form = TargetForm::Authority;
  target.authority = raw;
  target.path = target.raw_path = "/";
  return {};
}

Sentence takeAsteriskForm(Target& target, bool is_options) {
  if (!is_options) return "The request target '*' is for OPTIONS only";
  target.form = TargetForm::Asterisk;
  target.path = target.raw_path = "*";
  return {};
}

bool isWebScheme(std::string_view scheme) {
  return ascii::equalsIgnoreCase(scheme, "http") || ascii::equalsIgnoreCase(scheme, "https");
}

// Fills path and query of an absolute target from what follows its authority.
Sentence takeAbsolutePath(Target& target, std::string_view rest, bool is_options, Arena& arena) {
  if (rest.starts_with('/')) return takePathAndQuery(target, rest, arena);
  // OPTIONS of a URI without path and query asks about the server as a whole (RFC 9112
  // section 3.2.4).
  target.path = target.raw_path = is_options && rest.empty() ? "*" : "/";
  if (rest.empty()) return {};
  if (rest.find('#') != std::string_view::npos) return kFragment;
  target.has_query = true;
  target.query = rest.substr(1);
  return {};
}

Sentence takeAbsoluteForm(Target& target, std::string_view raw, bool is_options, Arena& arena) {
  const size_t scheme_end = raw.find("://");
  if (scheme_end == std::string_view::npos) return "The request target is neither a path nor a URI";
  target.form = TargetForm::Absolute;
  target.scheme = raw.substr(0, scheme_end);
  if (!isWebScheme(target.scheme))
    return "The scheme of the request target is neither http nor https";
  std::string_view rest = raw.substr(scheme_end + 3);
  const size_t authority_end = rest.find_first_of("/?#");
  target.authority = rest.substr(0, authority_end);
  rest.remove_prefix(target.authority.size());
  if (target.authority.find('@') != std::string_view::npos)
    return "The request target holds user information";
  if (!isValidAuthority(target.authority)) return "The host of the request target is not valid";
  return takeAbsolutePath(target, rest, is_options, arena);
}

}  // namespace

std::expected<Target, TargetFault> parseTarget(std::string_view raw, bool is_connect,
                                               bool is_options, Arena& arena) {
  std::expected<Target, TargetFault> parsed;
  Sentence fault;
  if (is_connect)
    fault = takeAuthorityForm(*parsed, raw);
  else if (raw.starts_with('/'))
    fault = takePathAndQuery(*parsed, raw, arena);
  else if (raw == "*")
    fault = takeAsteriskForm(*parsed, is_options);
  else
    fault = takeAbsoluteForm(*parsed, raw, is_options, arena);
  if (!fault.empty()) parsed = std::unexpected(TargetFault{fault});
  return parsed;
}

}  // namespace fairlead::http
