// Reading values with a lower bound, and writing them.
#include "base/bounded.h"

#include <fmt/format.h>

#include "base/units.h"

namespace fairlead {

void readSpan(const Value* value, Duration least, Setting<Duration>& into, Diagnostics& out) {
  if (value == nullptr) return;
  const auto span = readDuration(*value, out);
  if (!span) return;
  if (*span >= least)
    into = {*span, value->mark};
  else
    out.error(value->mark, fmt::format("`{}` is too short", value->text)).expected =
        fmt::format("at least {}", units::formatDuration(least));
}

void readSpanOrOff(const Value* value, Duration least, Setting<Duration>& into, Diagnostics& out) {
  if (value == nullptr) return;
  if (value->isOff())
    into = {Duration(0), value->mark};
  else
    readSpan(value, least, into, out);
}

void readShare(const Value* value, Setting<double>& into, Diagnostics& out) {
  if (value == nullptr) return;
  const auto share = readPercent(*value, out);
  if (!share) return;
  if (*share > 0)
    into = {*share, value->mark};
  else
    out.error(value->mark, fmt::format("`{}` is too little", value->text)).expected =
        "more than 0%, and at most 100%";
}

Value shownOff(Mark origin) { return Value::scalar("off", origin); }

Value shownSpan(const Setting<Duration>& span) {
  if (span.value.count() == 0) return shownOff(span.origin);
  return Value::scalar(units::formatDuration(span), span.origin);
}

Value shownShare(const Setting<double>& share) {
  return Value::scalar(units::formatPercent(share), share.origin);
}

Value shownCount(const Setting<uint32_t>& count) {
  return Value::scalar(std::to_string(count), count.origin);
}

}  // namespace fairlead
