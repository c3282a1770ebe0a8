// One entry a kind. Patterns take all that the readers take, and little else.
#include "config/scalar_kind.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "balance/balancer.h"

namespace fairlead::config {
namespace {

// As units have it: no leading zeros, at most 9 digits after the point.
constexpr std::string_view kNumber = "(0|[1-9][0-9]{0,14})([.][0-9]{1,9})?";

constexpr ScalarKind kKinds[] = {
    {.name = "text", .meaning = "any text", .is_text = true},
    {.name = "any", .meaning = "anything"},
    {.name = "boolean", .meaning = "`true` or `false`", .is_boolean = true},
    {.name = "duration",
     .meaning = "a number with a unit: `250ms`, `2s`, `5m`, `1h`, `1.5s`",
     .unit = "(ms|s|m|h)"},
    {.name = "size",
     .meaning = "a number with a unit: `512B`, `64KiB`, `1MiB`, `2GiB`",
     .unit = "(B|KiB|MiB|GiB)"},
    {.name = "percent", .meaning = "a number with a percent sign: `20%`, `0.5%`", .unit = "%"},
    {.name = "rate",
     .meaning = "so many a second, minute or hour: `100/s`, `20/m`, `5/h`",
     .unit = "/(s|m|h)"},
    {.name = "byte_rate",
     .meaning = "bytes a second: `500/s`, `1KiB/s`, for short `1KiB`",
     .unit = "((B|KiB|MiB|GiB)(/s)?|/s)"},
    {.name = "regex", .meaning = "a regular expression in the syntax of RE2", .is_text = true},
    {.name = "path", .meaning = "a path, which begins with `/`", .shape = "^/"},
    {.name = "host",
     .meaning = "the name or the address of a host; an international name may be in Unicode",
     .is_text = true},
    {.name = "address",
     .meaning = "a server: `host`, `host:port`, `http://host:port` or `\"[::1]:8080\"`; the port "
                "is 80 when there is none",
     .shape = "^([a-z][a-z0-9]*://)?[^/?#@]+/?$"},
    {.name = "listen_address",
     .meaning = "a port on all interfaces (`8080`), an address with a port (`\"127.0.0.1:8080\"`, "
                "`\"[::1]:8080\"`), or a Unix socket (`\"unix:/run/web.sock\"`)",
     .low = 1,
     .high = 65535,
     .shape = "^(unix:.+|(.*:)?[0-9]{1,5})$"},
    {.name = "admin_address",
     .meaning = "a port on 127.0.0.1 (`9900`), an address with a port (`\"127.0.0.1:9900\"`), or a "
                "Unix socket (`\"unix:/run/fairlead/admin.sock\"`)",
     .low = 1,
     .high = 65535,
     .shape = "^(unix:.+|(.*:)?[0-9]{1,5})$"},
    {.name = "network",
     .meaning = "an address or a network: `10.0.0.1`, `10.0.0.0/8`, `\"2001:db8::/32\"`; or "
                "`\"@file\"`, whose lines are such",
     .shape = "^(@.+|[0-9A-Fa-f.:]+(/[0-9]{1,3})?)$"},
    {.name = "country", .meaning = "two letters of ISO 3166-1: `DE`", .shape = "^[A-Za-z]{2}$"},
    {.name = "list_file", .meaning = "`\"@file\"`: the lines of that file", .shape = "^@."},
    {.name = "method", .meaning = "a method, such as `GET`", .shape = "^[!#-'*+.0-9A-Z^-z|~-]+$"},
    {.name = "url",
     .meaning = "`http://host/path?query`, or a path alone",
     .shape = "^(https?://|/)"},
    {.name = "location", .meaning = "a URL or a path, with placeholders", .is_text = true},
    {.name = "origin",
     .meaning = "what browsers call the origin of a page: `https://app.example.com`, with its port "
                "where that is not the usual one; `https://*.example.com` is all below; or `\"*\"`",
     .shape = "^([*]|[A-Za-z][A-Za-z0-9+.-]*://[^/?#@]+)$"},
    {.name = "status_range",
     .meaning = "a status (`204`) or several in a row (`200-399`)",
     .low = 100,
     .high = 599,
     .shape = "^[1-5][0-9][0-9](-[1-5][0-9][0-9])?$"},
    {.name = "percentile",
     .meaning = "`p95`: the time in which 95 % of the answers come; from `p50` to `p99`",
     .shape = "^p[5-9][0-9]$"},
    {.name = "dns_server",
     .meaning = "an address, with a port where that is not 53: `10.0.0.2`, `127.0.0.1:8600`, "
                "`\"[::1]:8600\"`",
     .shape = "^[0-9A-Fa-f.:\\[\\]]+$"},
    {.name = "folder", .meaning = "the name of a folder", .is_text = true},
    {.name = "file_name", .meaning = "the name of a file", .is_text = true},
    {.name = "file_pattern",
     .meaning = "the name of a file, or a pattern such as `conf.d/*.yaml`",
     .is_text = true},
    {.name = "pool_name", .meaning = "the name of a pool", .is_text = true},
    {.name = "hash_key",
     .meaning = "`client_ip`, `path`, `uri`, `header:NAME`, `cookie:NAME` or `param:NAME`",
     .shape = "^(client_ip|path|uri|(header|cookie|param):.+)$"},
    {.name = "rate_key",
     .meaning = "`client_ip`, `host`, `route`, `all`, `header:NAME`, `cookie:NAME` or "
                "`param:NAME`",
     .shape = "^(client_ip|host|route|all|(header|cookie|param):.+)$"},
    {.name = "ban_cause",
     .meaning = "so many answers with one of these statuses in so long: "
                "`\"20 x 401|403|404 in 1m\"`, `\"50 x 4xx in 5m\"`",
     .shape = "^ *[0-9]+ +x +[1-5][0-9x]{2}([|][1-5][0-9x]{2})* +in +[0-9.]+(ms|s|m|h) *$"},
    {.name = "ban_growth", .meaning = "a factor: `2x`, `1.5x`", .shape = "^[0-9]+([.][0-9]+)?x$"},
    {.name = "hash_method",
     .meaning = "`maglev`, `ring` or `rendezvous`",
     .shape = "^(maglev|ring|rendezvous)$"},
    {.name = "load_bound",
     .meaning = "a number from 1.0 to 100, such as `1.25`",
     .low = 1,
     .high = 100,
     .has_fractions = true,
     .shape = "^[0-9]+([.][0-9]+)?$"},
    {.name = "policy", .meaning = "a way to [balance](#balance)", .has_choices = true},
};

}  // namespace

std::span<const ScalarKind> scalarKinds() { return kKinds; }

const ScalarKind* findScalarKind(std::string_view name) {
  const auto* const found = std::find_if(std::begin(kKinds), std::end(kKinds),
                                         [&](const ScalarKind& kind) { return kind.name == name; });
  return found == std::end(kKinds) ? nullptr : found;
}

std::string patternOf(const ScalarKind& kind) {
  return kind.unit.empty() ? std::string(kind.shape) : fmt::format("^{}{}$", kNumber, kind.unit);
}

std::vector<std::string_view> choicesOf(const ScalarKind& kind) {
  std::vector<std::string_view> names;
  if (!kind.has_choices) return names;
  for (const balance::Policy& policy : balance::policies())
    if (!policy.keyed) names.push_back(policy.name);
  return names;
}

}  // namespace fairlead::config
