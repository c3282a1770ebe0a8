// How a pool's timeouts, retries and health checks are read from their mappings.
#include "upstream/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace fairlead::upstream {
namespace {

constexpr Key kTimeouts[] = {
    {"head", "duration | 'off'", "10s", "the whole head of a request; in `defaults` only"},
    {"body", "duration | 'off'", "30s", "silence within a body, on either side"},
    {"min_rate", "byte_rate | 'off'", "500/s", "bytes a second on average, judged after `body`"},
    {"idle", "duration | 'off'", "75s", "a client's connection between requests"},
    {"connect", "duration | 'off'", "2s", "one attempt to connect to a server"},
    {"response", "duration | 'off'", "60s", "from the request sent to the head of the response"},
    {"total", "duration | 'off'", "off", "the whole exchange; then 504"},
    {"tunnel", "duration | 'off'", "1h", "silence within a tunnel (WebSocket)"},
    {"upstream_idle", "duration | 'off'", "4s",
     "an unused connection to a server; `off` keeps none"},
};

constexpr Key kRetry[] = {
    {"attempts", "0..10", "1", "beyond the first, each on another server"},
    {"when", "('connect' | 'refused' | 'stale' | 'reset' | '502' | '503' | '504')...",
     "[connect, refused, stale, reset]", "what a retry may follow"},
    {"budget", "percent | 'off'", "20%", "of the pool's requests in flight, never under 3"},
};

constexpr Key kHealth[] = {
    {"path", "path", "", "what is asked for; 200 to 399 is healthy; without it: a TCP connect"},
    {"method", "'GET' | 'HEAD' | 'OPTIONS'", "GET", "the method of the check"},
    {"host", "host", "", "the Host that is sent; without it: the server's address"},
    {"every", "duration", "2s", "the pause between two checks, plus or minus 20 %"},
    {"timeout", "duration", "1s", "a check that takes longer has failed"},
    {"fall", "1..1000", "3", "failures in a row that take a server out"},
    {"rise", "1..1000", "2", "successes in a row that bring it back"},
    {"port", "1..65535", "", "where checks connect to; without it: the server's port"},
    {"passive", "later | 'off'", "", ""},
    {"slow_start", "later | 'off'", "", ""},
    {"expect", "later", "", ""},
    {"headers", "later", "", ""},
    {"tls", "later", "", ""},
    {"grpc", "later", "", ""},
};

constexpr std::array<std::string_view, 7> kRetryWords{"connect", "refused", "stale", "reset",
                                                      "502",     "503",     "504"};
constexpr std::array<std::string_view, 3> kMethods{"GET", "HEAD", "OPTIONS"};

// A rate as everywhere, `500/s`, here of bytes; `500B/s` and `1KiB` say the same with a unit.
void readMinRate(const Value* value, Setting<uint64_t>& into, Diagnostics& out) {
  if (value == nullptr) return;
  if (value->isOff()) {
    into = {uint64_t{0}, value->mark};
    return;
  }
  Value size = *value;
  if (size.text.ends_with("/s")) {
    size.text.resize(size.text.size() - 2);
    if (size.text.find_first_not_of("0123456789") == std::string::npos) size.text += "B";
  }
  if (const auto bytes = readSize(size, out)) into = {*bytes, value->mark};
}

// A duration that must not be nothing: `off` and `0s` have no meaning here.
void takeSpan(Settings& settings, std::string_view key, Setting<Duration>& into, Duration least) {
  const Value* value = settings.take(key);
  if (value == nullptr) return;
  const auto span = readDuration(*value, settings.diagnostics());
  if (!span) return;
  if (*span >= least) {
    into = {*span, value->mark};
    return;
  }
  settings.diagnostics()
      .error(value->mark, fmt::format("`{}` is too short", value->text))
      .expected = fmt::format("at least {}ms", least / 1ms);
}

void addRetryWord(size_t word, RetryWhen& when) {
  switch (word) {
    case 0:
      when.connect = true;
      return;
    case 1:
      when.refused = true;
      return;
    case 2:
      when.stale = true;
      return;
    case 3:
      when.reset = true;
      return;
    default:
      break;
  }
  const auto status = static_cast<uint16_t>(502 + word - 4);
  if (std::find(when.statuses.begin(), when.statuses.end(), status) == when.statuses.end())
    when.statuses.push_back(status);
}

void readWhen(const Value* value, Setting<RetryWhen>& into, Diagnostics& out) {
  if (value == nullptr) return;
  RetryWhen when{
      .connect = false, .refused = false, .stale = false, .reset = false, .statuses = {}};
  for (const Value* item : readScalars(*value, out))
    if (const auto word = readWord(*item, kRetryWords, out)) addRetryWord(*word, when);
  std::sort(when.statuses.begin(), when.statuses.end());
  into = {std::move(when), value->mark};
}

void readCheckPath(const Value& value, Setting<std::string>& into, Diagnostics& out) {
  const auto path = readString(value, out);
  if (!path) return;
  const bool is_printable =
      std::all_of(path->begin(), path->end(), [](char c) { return c > ' ' && c < '\x7f'; });
  if (path->starts_with('/') && is_printable) {
    into = {*path, value.mark};
    return;
  }
  Diagnostic& finding = out.error(value.mark, fmt::format("`{}` is not a path", *path));
  finding.expected = "a path that begins with `/`, without spaces, or `off`";
  if (is_printable && !path->empty())
    finding.suggestion = fmt::format("did you mean `/{}`?", *path);
}

void readHost(const Value* value, Setting<std::string>& into, Diagnostics& out) {
  if (value == nullptr) return;
  const auto host = readString(*value, out);
  if (!host) return;
  const bool is_host = !host->empty() && std::all_of(host->begin(), host->end(), [](char c) {
    return c > ' ' && c < '\x7f' && c != '/' && c != '@' && c != ',';
  });
  if (is_host)
    into = {*host, value->mark};
  else
    out.error(value->mark, fmt::format("`{}` is not a host", *host)).expected =
        "the value of a Host field, such as shop.example.com";
}

void readMethod(const Value* value, Setting<std::string>& into, Diagnostics& out) {
  if (value == nullptr) return;
  if (const auto word = readWord(*value, kMethods, out))
    into = {std::string(kMethods[*word]), value->mark};
}

}  // namespace

const Section kTimeoutKeys{"timeouts", "timeouts", kTimeouts};
const Section kRetryKeys{"retry", "retry", kRetry};
const Section kHealthKeys{"health", "health", kHealth};

void TimeoutSettings::read(const Value& value, Diagnostics& out) {
  Settings settings(value, kTimeoutKeys, out);
  settings.take("head", head);
  settings.take("body", body);
  readMinRate(settings.take("min_rate"), min_rate, out);
  settings.take("idle", idle);
  settings.take("connect", connect);
  settings.take("response", response);
  settings.take("total", total);
  settings.take("tunnel", tunnel);
  settings.take("upstream_idle", upstream_idle);
  settings.finish();
}

void RetrySettings::read(const Value& value, Diagnostics& out) {
  if (value.isOff()) {
    attempts = {0, value.mark};
    return;
  }
  constexpr uint32_t kMostAttempts = 10;
  Settings settings(value, kRetryKeys, out);
  settings.takeCount("attempts", attempts, 0, kMostAttempts);
  readWhen(settings.take("when"), when, out);
  settings.takePercent("budget", budget);
  settings.finish();
}

void HealthSettings::read(const Value& value, Diagnostics& out) {
  explicit_on = !value.isOff();
  on = {explicit_on, value.mark};
  if (!explicit_on) return;
  if (value.isScalar()) return readCheckPath(value, path, out);
  Settings settings(value, kHealthKeys, out);
  if (const Value* given = settings.take("path")) readCheckPath(*given, path, out);
  readMethod(settings.take("method"), method, out);
  readHost(settings.take("host"), host, out);
  takeSpan(settings, "every", every, 10ms);
  takeSpan(settings, "timeout", timeout, 1ms);
  settings.takeCount("fall", fall, 1, 1000);
  settings.takeCount("rise", rise, 1, 1000);
  settings.takeCount("port", port, 1, 65535);
  settings.finish();
}

}  // namespace fairlead::upstream
