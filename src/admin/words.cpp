// States and times in words.
#include "admin/words.h"

#include <fmt/format.h>

namespace fairlead::admin {

using namespace std::chrono_literals;

std::string_view nameOf(upstream::ActiveHealth health) {
  using enum upstream::ActiveHealth;
  switch (health) {
    case Unknown:
      return "unknown";
    case Unchecked:
      return "unchecked";
    case Up:
      return "up";
    case Down:
      return "down";
    case Unresolved:
      break;
  }
  return "unresolved";
}

std::string_view nameOf(upstream::Standing standing) {
  using enum upstream::Standing;
  switch (standing) {
    case Unresolved:
      return "unresolved";
    case Unknown:
      return "unknown";
    case Down:
      return "down";
    case Drained:
      return "drained";
    case Ejected:
      return "ejected";
    case Deferred:
      return "deferred";
    case Full:
      return "full";
    case Warming:
      return "warming";
    case Ready:
      break;
  }
  return "ready";
}

std::string_view nameOf(upstream::BreakerState state) {
  using enum upstream::BreakerState;
  switch (state) {
    case Off:
      return "off";
    case Closed:
      return "closed";
    case Open:
      return "open";
    case HalfOpen:
      break;
  }
  return "half_open";
}

std::string_view nameOf(upstream::LimitMode mode) {
  using enum upstream::LimitMode;
  switch (mode) {
    case Off:
      return "off";
    case Observe:
      return "observe";
    case Fixed:
      return "fixed";
    case Adaptive:
      break;
  }
  return "adaptive";
}

namespace {

// The two largest units that say something.
std::string inUnits(int64_t count, int64_t each, char large, char small) {
  const int64_t rest = count % each;
  return rest == 0 ? fmt::format("{}{}", count / each, large)
                   : fmt::format("{}{} {}{}", count / each, large, rest, small);
}

// With one decimal, unless that is a zero.
std::string tenths(double value) {
  std::string text = fmt::format("{:.1f}", value);
  if (text.ends_with(".0")) text.resize(text.size() - 2);
  return text;
}

double secondsOf(Duration span) { return std::chrono::duration<double>(span).count(); }

}  // namespace

std::string spanText(Duration span) {
  if (span < 50ms) return "under 0.1s";
  if (span < 9950ms) return tenths(secondsOf(span)) + "s";
  const int64_t seconds = std::chrono::round<std::chrono::seconds>(span).count();
  if (seconds < 60) return fmt::format("{}s", seconds);
  if (seconds < 3600) return inUnits(seconds, 60, 'm', 's');
  if (seconds < 86400) return inUnits(seconds / 60, 60, 'h', 'm');
  return inUnits(seconds / 3600, 24, 'd', 'h');
}

std::string latencyText(Duration span) {
  const double ms = secondsOf(span) * 1000;
  if (ms < 0.05) return "under 0.1 ms";
  if (ms < 9.95) return tenths(ms) + " ms";
  if (ms < 999.5) return fmt::format("{:.0f} ms", ms);
  return spanText(span);
}

std::string percentText(double share) {
  const double percent = share * 100;
  if (percent > 0 && percent < 0.05) return "under 0.1 %";
  return percent < 9.95 ? tenths(percent) + " %" : fmt::format("{:.0f} %", percent);
}

std::string counted(uint64_t count, std::string_view thing) {
  return fmt::format("{} {}{}", count, thing, count == 1 ? "" : "s");
}

}  // namespace fairlead::admin
