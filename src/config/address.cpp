// Taking `scheme://host:port` apart, and saying what is wrong with it.
#include "config/address.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "base/units.h"

namespace fairlead::config {
namespace {

constexpr std::string_view kServerForm = "a server, such as 10.0.0.1:8080 or app.internal:8080";
constexpr std::string_view kListenForm =
    "a port, an address with a port such as 127.0.0.1:8080, or unix:/path";

// The text after its scheme, as host and port. Offsets are into the whole text.
struct HostPort {
  std::string_view host;  // without brackets
  std::string_view port;  // empty: none was written
  size_t port_offset = 0;
  bool is_bracketed = false;
  bool has_port = false;
};

std::optional<HostPort> splitHostPort(std::string_view text, size_t offset) {
  HostPort result;
  const std::string_view rest = text.substr(offset);
  size_t colon = rest.rfind(':');
  if (rest.starts_with('[')) {
    const size_t close = rest.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    result.is_bracketed = true;
    result.host = rest.substr(1, close - 1);
    if (close + 1 == rest.size()) return result;
    if (rest[close + 1] != ':') return std::nullopt;
    colon = close + 1;
  } else {
    result.host = rest.substr(0, colon);
    if (colon == std::string_view::npos) return result;
    if (result.host.find(':') != std::string_view::npos) return std::nullopt;
  }
  result.has_port = true;
  result.port = rest.substr(colon + 1);
  result.port_offset = offset + colon + 1;
  return result;
}

std::optional<uint16_t> readPort(const Value& value, const HostPort& parts, Diagnostics& out) {
  const auto number = units::parseCount(parts.port);
  if (number && *number >= 1 && *number <= 65535) return static_cast<uint16_t>(*number);
  const Mark mark = partOf(value, parts.port_offset, std::max<size_t>(parts.port.size(), 1));
  out.error(mark, parts.port.empty() ? "there is no port after the `:`"
                                     : fmt::format("`{}` is not a port", parts.port))
      .expected = "a port from 1 to 65535";
  return std::nullopt;
}

bool looksLikeIPv4(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](char c) { return ascii::isDigit(c) || c == '.'; });
}

Diagnostic& notAn(const Value& value, std::string_view what, std::string_view form,
                  Diagnostics& out) {
  Diagnostic& finding = out.error(value.mark, fmt::format("`{}` is not {}", value.text, what));
  finding.expected = form;
  return finding;
}

// An IPv6 address without its brackets: the last group may be meant as the port.
void suggestBrackets(std::string_view text, Diagnostic& finding) {
  if (!IpAddress::parse(text) || text.find(':') == std::string_view::npos) return;
  const size_t colon = text.rfind(':');
  const auto port = units::parseCount(text.substr(colon + 1));
  const bool has_port = port && *port >= 80 && IpAddress::parse(text.substr(0, colon));
  finding.suggestion = has_port
                           ? fmt::format("did you mean `[{}]:{}`?", text.substr(0, colon), *port)
                           : fmt::format("did you mean `[{}]:8080`?", text);
}

// --- servers

struct Scheme {
  std::string_view name;
  std::string_view refusal;  // empty: it is understood
};

constexpr std::array<Scheme, 6> kSchemes{{
    {"http://", ""},
    {"https://", "TLS to servers is not supported by this version"},
    {"srv://", "SRV records are not supported by this version"},
    {"dns://", "`dns://` is not supported by this version"},
    {"h2c://", "HTTP/2 to servers is not supported by this version"},
    {"unix:", "Unix sockets of servers are not supported by this version"},
}};

// The length of the scheme, or nothing when a finding says why it cannot be.
std::optional<size_t> readScheme(const Value& value, Diagnostics& out) {
  for (const Scheme& scheme : kSchemes) {
    if (!value.text.starts_with(scheme.name)) continue;
    if (scheme.refusal.empty()) return scheme.name.size();
    out.error(partOf(value, 0, scheme.name.size()), std::string(scheme.refusal));
    return std::nullopt;
  }
  const size_t end = value.text.find("://");
  if (end == std::string::npos) return 0;
  out.error(partOf(value, 0, end + 3),
            fmt::format("unknown scheme `{}`", value.text.substr(0, end)))
      .expected = "http://, or no scheme";
  return std::nullopt;
}

// What follows the authority, or stands in it, and has no meaning for a server.
bool hasExtras(const Value& value, size_t start, Diagnostics& out) {
  const size_t at = value.text.find_first_of("/?#@", start);
  if (at == std::string::npos) return false;
  const Mark mark = partOf(value, at, value.text.size() - at);
  if (value.text[at] == '@')
    out.error(mark, "a server has no user name").expected = kServerForm;
  else
    out.error(mark, "a server has no path").expected =
        "the address alone; `rewrite_rules` change the path";
  return true;
}

bool isServerHost(const HostPort& parts) {
  if (parts.is_bracketed) {
    const auto address = IpAddress::parse(parts.host);
    return address && !address->isV4();
  }
  if (looksLikeIPv4(parts.host)) return IpAddress::parse(parts.host).has_value();
  return isDomainName(parts.host);
}

}  // namespace

Mark partOf(const Value& value, size_t offset, size_t length) {
  const size_t quotes = value.quoted ? 1 : 0;
  if (value.mark.length != value.text.size() + 2 * quotes) return value.mark;
  Mark part = value.mark;
  part.column += static_cast<uint32_t>(offset + quotes);
  part.length = static_cast<uint32_t>(length);
  return part;
}

bool isDomainName(std::string_view name) {
  if (name.empty() || name.size() > 253) return false;
  size_t label = 0;
  for (const char c : name) {
    if (c == '.') {
      if (label == 0) return false;
      label = 0;
      continue;
    }
    if (!ascii::isAlpha(c) && !ascii::isDigit(c) && c != '-' && c != '_') return false;
    if (++label > 63) return false;
  }
  return true;  // a trailing dot is the root's
}

std::optional<Server> readServerAddress(const Value& value, Diagnostics& out) {
  if (!readString(value, out)) return std::nullopt;
  const auto start = readScheme(value, out);
  if (!start) return std::nullopt;
  Value bare = value;
  if (*start > 0 && bare.text.ends_with('/')) bare.text.pop_back();  // http://host:80/
  if (hasExtras(bare, *start, out)) return std::nullopt;
  const auto parts = splitHostPort(bare.text, *start);
  if (!parts || !isServerHost(*parts)) {
    suggestBrackets(bare.text, notAn(value, "a server", kServerForm, out));
    return std::nullopt;
  }
  Server server;
  server.mark = value.mark;
  server.host = parts->host;
  if (parts->has_port) {
    const auto port = readPort(value, *parts, out);
    if (!port) return std::nullopt;
    server.port = *port;
  }
  server.address = parts->is_bracketed ? fmt::format("[{}]:{}", server.host, server.port)
                                       : fmt::format("{}:{}", server.host, server.port);
  return server;
}

namespace {

std::optional<Listen> readUnixPath(const Value& value, Diagnostics& out) {
  constexpr size_t kLongestPath = 107;  // sockaddr_un
  Listen listen;
  listen.unix_path = value.text.substr(5);
  if (!listen.unix_path.empty() && listen.unix_path.size() <= kLongestPath) {
    listen.any = false;
    listen.port = 0;
    return listen;
  }
  out.error(value.mark, listen.unix_path.empty() ? "there is no path after `unix:`"
                                                 : "the path of the socket is too long")
      .expected = "unix:/path, with at most 107 characters of path";
  return std::nullopt;
}

std::optional<Listen> readTcpAddress(const Value& value, Diagnostics& out) {
  const bool is_port =
      !value.text.empty() && value.text.find_first_not_of("-0123456789") == std::string::npos;
  auto parts = is_port ? HostPort{.host = {}, .port = value.text, .has_port = true}
                       : splitHostPort(value.text, 0);
  if (!parts) {
    suggestBrackets(value.text, notAn(value, "an address", kListenForm, out));
    return std::nullopt;
  }
  Listen listen;
  listen.any = parts->host.empty() || parts->host == "*";
  if (const auto address = IpAddress::parse(parts->host); address && !listen.any) {
    listen.address = *address;
  } else if (!listen.any) {
    Diagnostic& finding = notAn(value, "an address", kListenForm, out);
    if (parts->host == "localhost")
      finding.suggestion = fmt::format("did you mean `127.0.0.1:{}`?", parts->port);
    return std::nullopt;
  }
  if (!parts->has_port) {
    notAn(value, "an address with a port", kListenForm, out);
    return std::nullopt;
  }
  const auto port = readPort(value, *parts, out);
  if (!port) return std::nullopt;
  listen.port = *port;
  return listen;
}

}  // namespace

std::optional<SocketAddress> readDnsServer(const Value& value, Diagnostics& out) {
  constexpr std::string_view kForm =
      "the address of a DNS server, such as 10.0.0.2, 127.0.0.1:8600 or [::1]:53";
  constexpr uint16_t kDnsPort = 53;
  if (!readString(value, out)) return std::nullopt;
  const auto parts = splitHostPort(value.text, 0);
  const auto address = parts ? IpAddress::parse(parts->host) : std::nullopt;
  if (!address || parts->is_bracketed == address->isV4()) {
    Diagnostic& finding = notAn(value, "the address of a DNS server", kForm, out);
    if (const auto bare = IpAddress::parse(value.text); bare && !bare->isV4())
      finding.suggestion = fmt::format("did you mean `[{}]`?", value.text);
    if (parts && parts->host == "localhost")
      finding.suggestion =
          fmt::format("did you mean `127.0.0.1{}{}`?", parts->has_port ? ":" : "", parts->port);
    return std::nullopt;
  }
  if (!parts->has_port) return SocketAddress{*address, kDnsPort};
  const auto port = readPort(value, *parts, out);
  if (!port) return std::nullopt;
  return SocketAddress{*address, *port};
}

std::optional<Listen> readListenAddress(const Value& value, Diagnostics& out) {
  if (!readString(value, out)) return std::nullopt;
  const bool is_unix = value.text.starts_with("unix:");
  auto listen = is_unix ? readUnixPath(value, out) : readTcpAddress(value, out);
  if (!listen) return std::nullopt;
  listen->text = value.text;
  listen->mark = value.mark;
  return listen;
}

bool clash(const Listen& a, const Listen& b) {
  if (a.port != b.port || a.unix_path.empty() != b.unix_path.empty()) return false;
  if (!a.unix_path.empty()) return a.unix_path == b.unix_path;
  return a.any || b.any || a.address == b.address;
}

}  // namespace fairlead::config
