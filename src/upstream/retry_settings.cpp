// Reading `retry`, and `hedge` within it.
#include "upstream/retry_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "base/ascii.h"
#include "base/bounded.h"
#include "base/units.h"

namespace fairlead::upstream {
namespace {

constexpr Key kRetry[] = {
    {"attempts", "0..10", "1", "beyond the first, each on another server"},
    {"when", "('connect' | 'refused' | 'stale' | 'reset' | '502' | '503' | '504')...",
     "[connect, refused, stale, reset]", "what a retry may follow"},
    {"budget", "percent | 'off'", "20%",
     "of the pool's requests in flight, never under 3; `off`: without end"},
    {"per_try", "duration | 'off'", "off",
     "one attempt, to the head of its response; then an idempotent request goes to another server"},
    {"buffer", "size | 'off'", "64KiB",
     "bodies up to this size are kept, so that they can be sent again; at most 16MiB"},
    {"hedge", "'off' | <hedge>", "off",
     "an idempotent request that is late goes to a second server as well"},
};

constexpr Key kHedge[] = {
    {"after", "percentile | duration", "p95",
     "what is late: `p95` is the time in which 95 % of the pool's answers come"},
    {"budget", "percent", "5%", "the share of the pool's requests that may be hedged"},
};

constexpr std::array<std::string_view, 7> kRetryWords{"connect", "refused", "stale", "reset",
                                                      "502",     "503",     "504"};

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

void readBudget(const Value* value, Setting<double>& into, Diagnostics& out) {
  if (value == nullptr) return;
  if (value->isOff())
    into = {RetrySettings::kNoBudget, value->mark};
  else if (const auto share = readPercent(*value, out))
    into = {*share, value->mark};
}

void readBuffer(const Value* value, Setting<uint64_t>& into, Diagnostics& out) {
  if (value == nullptr) return;
  if (value->isOff()) {
    into = {uint64_t{0}, value->mark};
    return;
  }
  const auto size = readSize(*value, out);
  if (!size) return;
  if (*size <= RetrySettings::kLargestBuffer)
    into = {*size, value->mark};
  else
    out.error(value->mark, fmt::format("`{}` is more than may be kept of a body", value->text))
        .expected = "a size of at most 16MiB";
}

// `p95`, or a duration.
void readAfter(const Value* value, HedgeSettings& into, Diagnostics& out) {
  if (value == nullptr) return;
  const bool is_word = value->isScalar() && !value->text.empty() && ascii::isAlpha(value->text[0]);
  if (!is_word) return readSpan(value, 1ms, into.after, out);
  const std::string_view text = value->text;
  const auto percent = units::parseCount(text.substr(1));
  if (text[0] == 'p' && percent && *percent >= 50 && *percent <= 99) {
    into.quantile = {static_cast<double>(*percent) / 100, value->mark};
    into.after = {Duration(0), value->mark};
    return;
  }
  out.error(value->mark, fmt::format("`{}` is no time after which an answer is late", text))
      .expected = "p50 to p99, or a duration such as 100ms";
}

}  // namespace

const Section kRetryKeys{"retry", "retry", kRetry};
const Section kHedgeKeys{"hedge", "hedge", kHedge};

void HedgeSettings::read(const Value& value, Diagnostics& out) {
  on = {!value.isOff(), value.mark};
  if (!on) return;
  Settings settings(value, kHedgeKeys, out);
  readAfter(settings.take("after"), *this, out);
  readShare(settings.take("budget"), budget, out);
  settings.finish();
}

Value HedgeSettings::show() const {
  if (!on) return shownOff(on.origin);
  Value shown = Value::map(on.origin);
  const bool is_fixed = after.value.count() != 0;
  shown.put("after", is_fixed ? shownSpan(after)
                              : Value::scalar(fmt::format("p{}", std::lround(quantile * 100)),
                                              quantile.origin));
  shown.put("budget", shownShare(budget));
  return shown;
}

void RetrySettings::read(const Value& value, Diagnostics& out) {
  on = {!value.isOff(), value.mark};
  if (!on) {
    attempts = {0, value.mark};
    hedge.on = {false, value.mark};
    return;
  }
  constexpr uint32_t kMostAttempts = 10;
  Settings settings(value, kRetryKeys, out);
  settings.takeCount("attempts", attempts, 0, kMostAttempts);
  readWhen(settings.take("when"), when, out);
  readBudget(settings.take("budget"), budget, out);
  readSpanOrOff(settings.take("per_try"), 1ms, per_try, out);
  readBuffer(settings.take("buffer"), buffer, out);
  if (const Value* given = settings.take("hedge")) hedge.read(*given, out);
  settings.finish();
}

}  // namespace fairlead::upstream
