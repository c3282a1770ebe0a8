// Checking the spelling of hosts and paths, with the spelling that was meant.
#include "config/route_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <expected>

#include "base/arena.h"
#include "base/ascii.h"
#include "base/ip_address.h"
#include "config/address.h"
#include "config/idn.h"
#include "http/target.h"

namespace fairlead::config {
namespace {

constexpr std::string_view kHostForm = "a host such as www.example.com, \"*.example.com\" or \"*\"";

std::string didYouMean(std::string_view text) { return fmt::format("did you mean `{}`?", text); }

std::string_view withoutPort(std::string_view host) {
  const size_t colon = host.rfind(':');
  const size_t bracket = host.rfind(']');
  if (colon == std::string_view::npos) return host;
  if (bracket != std::string_view::npos && colon < bracket) return host;
  if (host.find_first_not_of("0123456789", colon + 1) != std::string_view::npos) return host;
  return host.substr(0, colon);
}

bool isHostName(std::string_view name) {
  if (name.ends_with('.')) return false;
  if (name.starts_with('[') && name.ends_with(']')) {
    const auto address = IpAddress::parse(name.substr(1, name.size() - 2));
    return address && !address->isV4();
  }
  if (name.starts_with("*.")) name.remove_prefix(2);
  return isDomainName(name);
}

// An IPv6 address has one spelling; see http::canonicalHost.
std::string canonicalLiteral(std::string_view name) {
  const auto address = IpAddress::parse(name.substr(1, name.size() - 2));
  return fmt::format("[{}]", address->text());
}

// A host without port as it is matched: in ASCII, lower case, without trailing dot. A fault without
// a reason: it is no host at all.
std::expected<std::string, IdnFault> canonicalHost(std::string_view given) {
  std::string name;
  if (isAscii(given)) {
    name = ascii::lowered(given);
  } else {
    const std::string_view wildcard = given.starts_with("*.") ? "*." : "";
    auto converted = toAsciiName(given.substr(wildcard.size()));
    if (!converted) {
      converted.error().offset += wildcard.size();
      return converted;
    }
    name = fmt::format("{}{}", wildcard, *converted);
  }
  if (name.ends_with('.')) name.pop_back();
  if (isHostName(name)) return name.starts_with('[') ? canonicalLiteral(name) : name;
  return std::unexpected(IdnFault{.offset = 0, .length = given.size(), .reason = {}});
}

void suggestHost(std::string_view given, Diagnostic& finding) {
  const size_t scheme = given.find("://");
  if (scheme != std::string_view::npos) given.remove_prefix(scheme + 3);
  given = given.substr(0, given.find('/'));
  if (given.starts_with('.') && canonicalHost(given.substr(1)))
    finding.suggestion = didYouMean(fmt::format("\"*{}\"", given));
  else if (canonicalHost(withoutPort(given)))
    finding.suggestion = didYouMean(withoutPort(given));
}

void refuseHost(const Value& value, const IdnFault& fault, Diagnostics& out) {
  Diagnostic& finding =
      fault.reason.empty()
          ? out.error(value.mark, fmt::format("`{}` is not a host", value.text))
          : out.error(partOf(value, fault.offset, fault.length),
                      fmt::format("`{}` is not a host: {}", value.text, fault.reason));
  if (fault.reason.empty()) finding.expected = kHostForm;
  suggestHost(value.text, finding);
}

// The part of a path that cannot be in it: a query, a fragment, a space, or what is not ASCII.
bool hasForeignCharacter(const Value& value, Diagnostics& out) {
  const std::string_view path = value.text;
  const auto foreign = std::find_if(path.begin(), path.end(), [](char c) {
    return c <= ' ' || c == '\x7f' || c == '?' || c == '#';  // what is not ASCII is negative
  });
  if (foreign == path.end()) return false;
  const auto offset = static_cast<size_t>(foreign - path.begin());
  Diagnostic& finding = out.error(partOf(value, offset, 1), "this cannot stand in a path");
  finding.expected = *foreign == '?' || *foreign == '#'
                         ? "the path alone, without query or fragment"
                         : "printable ASCII; all else is written as %XX";
  if (*foreign == '?' && offset > 0) finding.suggestion = didYouMean(path.substr(0, offset));
  return true;
}

std::string_view withoutTrailingSlash(std::string_view path) {
  if (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  return path;
}

void warnOfStar(const Value& value, Diagnostics& out) {
  const std::string_view path = value.text;
  if (!path.ends_with("/*")) return;
  Diagnostic& finding = out.warning(value.mark, "`*` is an ordinary character in a path");
  finding.expected = "no star: a path covers everything below it";
  finding.suggestion = didYouMean(path.size() == 2 ? "/" : path.substr(0, path.size() - 2));
}

}  // namespace

std::optional<std::string> readHostName(const Value& value, Diagnostics& out) {
  if (!readString(value, out)) return std::nullopt;
  if (value.text == "*") return value.text;
  auto name = canonicalHost(withoutPort(value.text));
  if (!name) {
    refuseHost(value, name.error(), out);
    return std::nullopt;
  }
  const size_t bare = withoutPort(value.text).size();
  if (bare != value.text.size())
    out.warning(partOf(value, bare, value.text.size() - bare),
                "the port is ignored: a host is matched whatever the port of the request is");
  return *std::move(name);
}

std::optional<std::string> readRoutePath(const Value& value, Diagnostics& out) {
  if (!readString(value, out)) return std::nullopt;
  if (!value.text.starts_with('/')) {
    Diagnostic& finding =
        out.error(value.mark, fmt::format("the path `{}` does not begin with a `/`", value.text));
    finding.expected = "a path such as /api";
    if (!value.text.empty()) finding.suggestion = didYouMean("/" + value.text);
    return std::nullopt;
  }
  if (hasForeignCharacter(value, out)) return std::nullopt;
  Arena arena;
  const auto canonical = http::canonicalPath(value.text, arena);
  if (!canonical) {
    out.error(value.mark, fmt::format("the path `{}` matches no request", value.text)).expected =
        fmt::format("a path that is valid in a request ({})", canonical.error().sentence);
    return std::nullopt;
  }
  if (*canonical != value.text) {
    Diagnostic& finding =
        out.error(value.mark, fmt::format("the path `{}` is not canonical", value.text));
    finding.expected = "the spelling that requests are matched by";
    finding.suggestion = didYouMean(withoutTrailingSlash(*canonical));
    return std::nullopt;
  }
  warnOfStar(value, out);
  return std::string(withoutTrailingSlash(*canonical));
}

}  // namespace fairlead::config
