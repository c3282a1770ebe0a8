// Reading and showing limits.
#include "firewall/limits.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/bounded.h"
#include "base/units.h"

namespace fairlead::firewall {
namespace {

using http::KeySource;

constexpr uint32_t kMostAtOnce = 1'000'000;

constexpr Key kRateLimit[] = {
    {"rate", "rate", "", "how many pass, on average"},
    {"burst", "1..1000000", "", "how many pass at once; without it: one second's worth"},
    {"key", "rate_key", "client_ip", "requests with the same of this are counted together"},
    {"ipv6_prefix", "1..128", "64", "how many bits of an IPv6 address make a client"},
    {"mode", kModeForm, "enforce", kModeMeaning},
    {"action", kActionForm, "",
     "what is done with a request that is one too many; without it: 429"},
};
constexpr Key kClientLimit[] = {
    {"limit", "1..1000000", "", "how many at once from one client"},
    {"ipv6_prefix", "1..128", "64", "how many bits of an IPv6 address make a client"},
    {"mode", kModeForm, "enforce", kModeMeaning},
    {"action", kActionForm, "", "what is done with what is one too many; without it: 429"},
};
constexpr std::array kSources{KeySource::ClientIp, KeySource::Header, KeySource::Cookie,
                              KeySource::Param,    KeySource::Host,   KeySource::Route,
                              KeySource::All};

void readIpv6Prefix(Settings& settings, Setting<uint32_t>& into) {
  constexpr uint32_t kAddressBits = 128;
  settings.takeCount("ipv6_prefix", into, 1, kAddressBits);
}

bool readRate(const Value& value, RateLimit& limit, Diagnostics& out) {
  constexpr double kMostPerSecond = 10'000'000;
  const auto rate = fairlead::readRate(value, out);
  if (!rate) return false;
  if (rate->per_second > kMostPerSecond) {
    out.error(value.mark, fmt::format("`{}` is too much", value.text)).expected =
        "at most 10000000/s";
    return false;
  }
  limit.per_second = rate->per_second;
  limit.rate = value.text;
  return true;
}

bool readMapping(const Value& value, RateLimit& limit, Diagnostics& out) {
  Settings settings(value, kRateLimitKeys, out);
  const Value* rate = settings.take("rate");
  settings.takeCount("burst", limit.burst, 1, kMostAtOnce);
  const Value* key = settings.take("key");
  readIpv6Prefix(settings, limit.ipv6_prefix);
  limit.policy.read(settings);
  settings.finish();
  if (key != nullptr) {
    const auto read = http::readRequestKey(*key, kSources, out);
    if (!read) return false;
    limit.key = *read;
  }
  if (rate != nullptr) return readRate(*rate, limit, out);
  if (value.isMap() && value.find("rate") == nullptr)
    out.error(value.mark, "this says no rate").expected = "rate: 100/s";
  return false;
}

void readRateLimit(const Value& value, const Setting<Mode>& mode, std::vector<RateLimit>& into,
                   Diagnostics& out) {
  RateLimit limit;
  limit.mark = value.mark;
  limit.policy.mode = mode;
  if (!(value.isScalar() ? readRate(value, limit, out) : readMapping(value, limit, out))) return;
  if (limit.burst.value == 0)
    limit.burst.value =
        std::clamp(static_cast<uint32_t>(std::ceil(limit.per_second)), 1U, kMostAtOnce);
  limit.schedule = Rate::of(limit.per_second, limit.burst);
  limit.name = fmt::format("firewall rate_limit {} by {}", limit.rate, limit.key.text());
  limit.identity = identityOf(limit.name, limit.mark);
  into.push_back(std::move(limit));
}

void readClientLimit(const Value& value, std::string_view key, const Setting<Mode>& mode,
                     std::vector<ClientLimit>& into, Diagnostics& out) {
  ClientLimit limit;
  limit.mark = value.mark;
  limit.policy.mode = mode;
  Setting<uint32_t> most{0};
  if (value.isScalar()) {
    if (const auto count = readCount(value, 1, kMostAtOnce, out))
      most.value = static_cast<uint32_t>(*count);
  } else {
    Settings settings(value, kClientLimitKeys, out);
    settings.takeCount("limit", most, 1, kMostAtOnce);
    readIpv6Prefix(settings, limit.ipv6_prefix);
    limit.policy.read(settings);
    settings.finish();
    if (value.isMap() && value.find("limit") == nullptr)
      out.error(value.mark, "this says no limit").expected = "limit: 100";
  }
  if (most.value == 0) return;
  limit.limit = most.value;
  limit.name = fmt::format("firewall {} {}", key, limit.limit);
  limit.identity = identityOf(limit.name, limit.mark);
  into.push_back(std::move(limit));
}

}  // namespace

const Section kRateLimitKeys{"rate_limit", "rate_limit", kRateLimit};
const Section kClientLimitKeys{"client_limit", "a limit of clients", kClientLimit};

void readRateLimits(const Value& value, const Setting<Mode>& mode, std::vector<RateLimit>& into,
                    Diagnostics& out) {
  if (value.isOff()) return;
  if (!value.isList()) return readRateLimit(value, mode, into, out);
  for (const Value& item : value.items) readRateLimit(item, mode, into, out);
}

void readClientLimits(const Value& value, std::string_view key, const Setting<Mode>& mode,
                      std::vector<ClientLimit>& into, Diagnostics& out) {
  if (value.isOff()) return;
  if (!value.isList()) return readClientLimit(value, key, mode, into, out);
  for (const Value& item : value.items) readClientLimit(item, key, mode, into, out);
}
void readBodyLimit(const Value& value, std::optional<BodyLimit>& into, Diagnostics& out) {
  if (value.isOff()) return;
  const auto size = readSize(value, out);
  if (!size) return;
  if (*size == 0)
    out.error(value.mark, "no body could ever pass").expected = "a size, or `off` for no limit";
  else if (!into || *size < into->bytes)
    into = {*size, value.mark, fmt::format("firewall max_body {}", units::formatSize(*size))};
}

Value shown(const RateLimit& limit) {
  Value map = Value::map(limit.mark);
  map.put("rate", Value::scalar(limit.rate, limit.mark));
  map.put("burst", shownCount(limit.burst));
  map.put("key", Value::scalar(limit.key.text(), limit.mark));
  if (!limit.ipv6_prefix.origin.isBuiltIn()) map.put("ipv6_prefix", shownCount(limit.ipv6_prefix));
  limit.policy.show(map);
  return map;
}

Value shown(const ClientLimit& limit) {
  Value map = Value::map(limit.mark);
  map.put("limit", Value::scalar(std::to_string(limit.limit), limit.mark));
  if (!limit.ipv6_prefix.origin.isBuiltIn()) map.put("ipv6_prefix", shownCount(limit.ipv6_prefix));
  limit.policy.show(map);
  return map;
}

}  // namespace fairlead::firewall
