// Reading `passive` within `health`.
#include "upstream/passive_settings.h"

#include <fmt/format.h>

#include "base/bounded.h"
#include "base/units.h"

namespace fairlead::upstream {
namespace {

constexpr Key kPassive[] = {
    {"consecutive", "1..1000000", "5",
     "so many failures in a row eject a server: no connection, no answer in time, 502 to 504"},
    {"failures", "percent", "50%",
     "or more failures than this share of the requests of one window"},
    {"min_requests", "1..1000000", "20", "... if there were at least so many"},
    {"window", "duration", "10s", "how far back is counted"},
    {"eject", "duration", "10s", "for how long, times the number of ejections in a row"},
    {"max_eject", "duration", "5m", "never for longer than that"},
};

constexpr uint32_t kMost = 1'000'000;

// The pause grows from one to the other.
void refuseShorterMost(const Settings& settings, const PassiveSettings& passive, Diagnostics& out) {
  const Value* most = settings.value().find("max_eject");
  const Value* least = settings.value().find("eject");
  if ((most == nullptr && least == nullptr) || passive.max_eject.value >= passive.eject.value)
    return;
  const bool is_most = most != nullptr;
  const Setting<Duration>& other = is_most ? passive.eject : passive.max_eject;
  Diagnostic& finding =
      out.error(is_most ? most->mark : least->mark, "`max_eject` is shorter than `eject`");
  finding.expected =
      fmt::format("at {} {}", is_most ? "least" : "most", units::formatDuration(other.value));
  if (other.origin.isBuiltIn()) return;
  finding.also = other.origin;
  finding.also_message = "the other one";
}

}  // namespace

const Section kPassiveKeys{"passive", "passive", kPassive};

void PassiveSettings::read(const Value& value, Diagnostics& out) {
  on = {!value.isOff(), value.mark};
  if (!on) return;
  Settings settings(value, kPassiveKeys, out);
  settings.takeCount("consecutive", consecutive, 1, kMost);
  readShare(settings.take("failures"), failures, out);
  settings.takeCount("min_requests", min_requests, 1, kMost);
  readSpan(settings.take("window"), 100ms, window, out);
  readSpan(settings.take("eject"), 10ms, eject, out);
  readSpan(settings.take("max_eject"), 10ms, max_eject, out);
  refuseShorterMost(settings, *this, out);
  settings.finish();
}

Value PassiveSettings::show() const {
  if (!on) return shownOff(on.origin);
  Value shown = Value::map(on.origin);
  shown.put("consecutive", shownCount(consecutive));
  shown.put("failures", shownShare(failures));
  shown.put("min_requests", shownCount(min_requests));
  shown.put("window", shownSpan(window));
  shown.put("eject", shownSpan(eject));
  shown.put("max_eject", shownSpan(max_eject));
  return shown;
}

}  // namespace fairlead::upstream
