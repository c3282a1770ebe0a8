// Reading `breaker`, `limit` and `queue`.
#include "upstream/overload_settings.h"

#include <fmt/format.h>

#include <array>

#include "base/ascii.h"
#include "base/bounded.h"

namespace fairlead::upstream {
namespace {

constexpr Key kBreaker[] = {
    {"errors", "percent", "50%", "this share of the requests of one window opens it"},
    {"min_requests", "1..1000000", "20", "fewer in a window open nothing"},
    {"window", "duration", "10s", "how far back is counted"},
    {"open", "duration", "5s", "how long nothing passes; then a few requests try"},
};

constexpr Key kQueue[] = {
    {"limit", "1..1000000", "1000", "so many requests may wait; one more is 503"},
    {"timeout", "duration", "1s", "who has waited so long is 503"},
};

constexpr uint32_t kMost = 1'000'000;
constexpr uint32_t kUsualQueue = 1000;

// By LimitMode; Fixed is written as its number.
constexpr std::array<std::string_view, 4> kModes{"off", "observe", "", "adaptive"};

}  // namespace

const Section kBreakerKeys{"breaker", "breaker", kBreaker};
const Section kQueueKeys{"queue", "queue", kQueue};

void BreakerSettings::read(const Value& value, Diagnostics& out) {
  on = {!value.isOff(), value.mark};
  if (!on) return;
  Settings settings(value, kBreakerKeys, out);
  readShare(settings.take("errors"), errors, out);
  settings.takeCount("min_requests", min_requests, 1, kMost);
  readSpan(settings.take("window"), 100ms, window, out);
  readSpan(settings.take("open"), 10ms, open, out);
  settings.finish();
}

Value BreakerSettings::show() const {
  if (!on) return shownOff(on.origin);
  Value shown = Value::map(on.origin);
  shown.put("errors", shownShare(errors));
  shown.put("min_requests", shownCount(min_requests));
  shown.put("window", shownSpan(window));
  shown.put("open", shownSpan(open));
  return shown;
}

void LimitSettings::read(const Value& value, Diagnostics& out) {
  const auto text = readString(value, out);
  if (!text) return;
  if (!text->empty() && (ascii::isDigit(text->front()) || text->front() == '-')) {
    const auto count = readCount(value, 1, kMost, out);
    if (!count) return;
    mode = {LimitMode::Fixed, value.mark};
    fixed = {static_cast<uint32_t>(*count), value.mark};
    return;
  }
  for (const LimitMode known : {LimitMode::Off, LimitMode::Observe, LimitMode::Adaptive}) {
    if (*text != kModes[static_cast<size_t>(known)]) continue;
    mode = {known, value.mark};
    fixed = {0, value.mark};
    return;
  }
  Diagnostic& finding = out.error(value.mark, fmt::format("`{}` is not known here", *text));
  finding.expected = fmt::format("observe, adaptive, off, or a number from 1 to {}", kMost);
  const std::string_view nearest = nearestWord(*text, kModes);
  if (!nearest.empty()) finding.suggestion = fmt::format("did you mean `{}`?", nearest);
}

Value LimitSettings::show() const {
  if (mode.value == LimitMode::Fixed) return shownCount(fixed);
  return Value::scalar(std::string(kModes[static_cast<size_t>(mode.value)]), mode.origin);
}

void QueueSettings::read(const Value& value, Diagnostics& out) {
  if (value.isOff()) {
    limit = {0, value.mark};
    return;
  }
  if (value.isScalar()) {
    if (const auto count = readCount(value, 1, kMost, out))
      limit = {static_cast<uint32_t>(*count), value.mark};
    return;
  }
  Settings settings(value, kQueueKeys, out);
  if (limit == 0 && value.isMap()) limit = {kUsualQueue, value.mark};
  settings.takeCount("limit", limit, 1, kMost);
  readSpan(settings.take("timeout"), 10ms, timeout, out);
  settings.finish();
}

Value QueueSettings::show() const {
  if (limit == 0) return shownOff(limit.origin);
  Value shown = Value::map(limit.origin);
  shown.put("limit", shownCount(limit));
  shown.put("timeout", shownSpan(timeout));
  return shown;
}

}  // namespace fairlead::upstream
