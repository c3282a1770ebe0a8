// Reading and showing modes and actions.
#include "firewall/policy.h"

#include <fmt/format.h>

#include <array>
#include <optional>

#include "base/bounded.h"
#include "base/units.h"

namespace fairlead::firewall {
namespace {

constexpr Key kAction[] = {
    {"status", "400..599", "", "the status of the answer"},
    {"tarpit", "duration", "",
     "the client waits for so long, without taking much room here, and is answered 403 then"},
};

constexpr std::array<std::string_view, 2> kModes{"enforce", "observe"};
constexpr std::string_view kActions = "`drop`, `{ status: 404 }` or `{ tarpit: 10s }`";
constexpr Duration kLongestTarpit = std::chrono::minutes(10);

std::optional<Duration> readTarpit(const Value& value, Diagnostics& out) {
  const auto wait = readDuration(value, out);
  if (!wait) return std::nullopt;
  if (wait->count() > 0 && *wait <= kLongestTarpit) return wait;
  out.error(value.mark,
            fmt::format("`{}` is too {}", value.text, wait->count() > 0 ? "long" : "short"))
      .expected = fmt::format("up to {}", units::formatDuration(kLongestTarpit));
  return std::nullopt;
}

void readMapping(const Value& value, Setting<Action>& into, Diagnostics& out) {
  constexpr uint64_t kLeast = 400;
  constexpr uint64_t kMost = 599;
  Settings settings(value, kActionKeys, out);
  const Value* status = settings.take("status");
  const Value* tarpit = settings.take("tarpit");
  settings.finish();
  if ((status == nullptr) == (tarpit == nullptr)) {
    out.error(value.mark, status == nullptr ? "this says nothing to do" : "this is two actions")
        .expected = kActions;
  } else if (status != nullptr) {
    if (const auto number = readCount(*status, kLeast, kMost, out))
      into = {Action{.status = static_cast<uint16_t>(*number)}, value.mark};
  } else if (const auto wait = readTarpit(*tarpit, out)) {
    into = {Action{.kind = Action::Kind::Tarpit, .wait = *wait}, value.mark};
  }
}

void readAction(const Value& value, Setting<Action>& into, Diagnostics& out) {
  if (value.isMap()) return readMapping(value, into, out);
  if (value.isScalar() && value.text == "drop") {
    into = {Action{.kind = Action::Kind::Drop}, value.mark};
    return;
  }
  Diagnostic& finding =
      out.error(value.mark, value.isScalar() ? fmt::format("`{}` is no action", value.text)
                                             : std::string("this is no action"));
  finding.expected = kActions;
  if (value.isScalar() && value.text == "tarpit")
    finding.suggestion = "did you mean `{ tarpit: 10s }`?";
}

Value shown(const Setting<Action>& action) {
  switch (action.value.kind) {
    case Action::Kind::Drop:
      return Value::scalar("drop", action.origin);
    case Action::Kind::Tarpit: {
      Value tarpit = Value::map(action.origin);
      tarpit.put("tarpit", Value::scalar(units::formatDuration(action.value.wait), action.origin));
      return tarpit;
    }
    case Action::Kind::Answer:
      break;
  }
  Value status = Value::map(action.origin);
  status.put("status", Value::scalar(std::to_string(action.value.status), action.origin));
  return status;
}

}  // namespace

const Section kActionKeys{"action", "an action", kAction};

void Policy::read(Settings& settings) {
  if (const Value* value = settings.take("mode"))
    if (const auto word = readWord(*value, kModes, settings.diagnostics()))
      mode = {static_cast<Mode>(*word), value->mark};
  if (const Value* value = settings.take("action"))
    readAction(*value, action, settings.diagnostics());
}

void Policy::show(Value& into) const {
  if (!mode.origin.isBuiltIn())
    into.put("mode",
             Value::scalar(std::string(kModes[static_cast<size_t>(mode.value)]), mode.origin));
  if (!action.origin.isBuiltIn()) into.put("action", shown(action));
}

}  // namespace fairlead::firewall
