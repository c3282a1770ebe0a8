// Reading and showing learned bans.
#include "firewall/auto_ban.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "base/ascii.h"
#include "base/bounded.h"
#include "base/units.h"
#include "base/words.h"

namespace fairlead::firewall {
namespace {

constexpr Key kAutoBan[] = {
    {"when", "ban_cause", "", "how many answers with which statuses in how long"},
    {"for", "duration", "10m", "how long the first ban holds"},
    {"grow", "ban_growth", "1x", "how much longer each further ban of the same client is"},
    {"max", "duration", "24h", "no ban is longer"},
    {"roll_up", "'off' | 2..256", "5",
     "so many banned addresses of one IPv4 network of 256 ban all of it"},
    {"mode", kModeForm, "enforce", kModeMeaning},
    {"action", kActionForm, "", "what is done with requests of a banned client; without it: 403"},
};

constexpr uint32_t kMostOffences = 1000;
constexpr Duration kShortest = std::chrono::seconds(1);
constexpr Duration kLongest = std::chrono::hours(24);
constexpr std::string_view kForm = "a text such as \"20 x 401|403|404 in 1m\"";

// "404", or "4xx" for all of a class.
bool addStatus(std::string_view text, Offences& into) {
  if (text.size() != 3 || text[0] < '1' || text[0] > '5') return false;
  const auto first = static_cast<size_t>(text[0] - '0') * 100;
  if (text.substr(1) == "xx") {
    for (size_t status = first; status < first + 100; ++status) into.statuses.set(status);
    return true;
  }
  if (!ascii::isDigit(text[1]) || !ascii::isDigit(text[2])) return false;
  into.statuses.set(first + static_cast<size_t>(text[1] - '0') * 10 +
                    static_cast<size_t>(text[2] - '0'));
  return true;
}

// Why the text says no offences, or "".
std::string faultOf(std::string_view text, Offences& into) {
  const std::string_view count = takeWord(text);
  const auto number = units::parseCount(count);
  if (!number) return fmt::format("`{}` is no number", count);
  if (*number < 1 || *number > kMostOffences)
    return fmt::format("the number goes from 1 to {}", kMostOffences);
  into.count = static_cast<uint32_t>(*number);
  if (takeWord(text) != "x") return "`x` is missing between the number and the statuses";
  std::string_view statuses = takeWord(text);
  for (size_t end = 0; end != std::string_view::npos; statuses.remove_prefix(end + 1)) {
    end = statuses.find('|');
    if (!addStatus(statuses.substr(0, end), into))
      return fmt::format("`{}` is no status", statuses.substr(0, end));
    if (end == std::string_view::npos) break;
  }
  if (takeWord(text) != "in") return "`in` is missing between the statuses and the time";
  const std::string_view window = takeWord(text);
  const auto span = units::parseDuration(window);
  if (!span) return span.error().message;
  if (*span < kShortest || *span > kLongest) return "the time goes from 1s to 24h";
  into.window = *span;
  return ascii::trim(text).empty() ? "" : fmt::format("`{}` is too much", ascii::trim(text));
}

void readWhen(const Value& value, Setting<Offences>& into, Diagnostics& out) {
  const auto text = readString(value, out);
  if (!text) return;
  Offences offences;
  offences.text = *text;
  if (const std::string fault = faultOf(*text, offences); !fault.empty())
    out.error(value.mark, fault).expected = kForm;
  else
    into = {std::move(offences), value.mark};
}

// "2x", "1.5x".
void readGrow(const Value& value, Setting<double>& into, Diagnostics& out) {
  const auto text = readString(value, out);
  if (!text) return;
  double factor = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), factor);
  const bool is_factor = error == std::errc{} && std::string_view(end) == "x";
  if (is_factor && factor >= 1 && factor <= 100)
    into = {factor, value.mark};
  else
    out.error(value.mark, fmt::format("`{}` says no growth", *text)).expected =
        "a factor from 1x to 100x, such as 2x or 1.5x";
}

void readRollUp(const Value& value, Setting<uint32_t>& into, Diagnostics& out) {
  if (value.isOff())
    into = {0, value.mark};
  else if (const auto count = readCount(value, 2, 256, out))
    into = {static_cast<uint32_t>(*count), value.mark};
}

void readAutoBan(const Value& value, const Setting<Mode>& mode, std::vector<AutoBan>& into,
                 Diagnostics& out) {
  AutoBan ban;
  ban.mark = value.mark;
  ban.policy.mode = mode;
  if (value.isScalar()) {
    readWhen(value, ban.when, out);
  } else {
    Settings settings(value, kAutoBanKeys, out);
    if (const Value* when = settings.take("when")) readWhen(*when, ban.when, out);
    readSpan(settings.take("for"), kShortest, ban.span, out);
    if (const Value* grow = settings.take("grow")) readGrow(*grow, ban.grow, out);
    readSpan(settings.take("max"), kShortest, ban.max, out);
    if (const Value* roll_up = settings.take("roll_up")) readRollUp(*roll_up, ban.roll_up, out);
    ban.policy.read(settings);
    settings.finish();
    if (value.isMap() && value.find("when") == nullptr)
      out.error(value.mark, "this says no cause").expected = "when: \"20 x 401|403|404 in 1m\"";
  }
  if (ban.when.value.count == 0) return;
  if (ban.max.value < ban.span.value) {
    if (ban.max.origin.isBuiltIn())
      ban.max.value = ban.span.value;
    else
      out.error(ban.max.origin, "`max` is shorter than the first ban").expected =
          fmt::format("at least {}", units::formatDuration(ban.span));
  }
  ban.name = fmt::format("firewall auto_ban {}", ban.when.value.text);
  ban.identity = identityOf(ban.name, ban.mark);
  into.push_back(std::move(ban));
}

}  // namespace

const Section kAutoBanKeys{"auto_ban", "auto_ban", kAutoBan};

void readAutoBans(const Value& value, const Setting<Mode>& mode, std::vector<AutoBan>& into,
                  Diagnostics& out) {
  if (value.isOff()) return;
  if (!value.isList()) return readAutoBan(value, mode, into, out);
  for (const Value& item : value.items) readAutoBan(item, mode, into, out);
}

Value shown(const AutoBan& ban) {
  Value map = Value::map(ban.mark);
  map.put("when", Value::scalar(ban.when.value.text, ban.when.origin));
  map.put("for", shownSpan(ban.span));
  map.put("grow", Value::scalar(fmt::format("{}x", ban.grow.value), ban.grow.origin));
  map.put("max", shownSpan(ban.max));
  map.put("roll_up",
          ban.roll_up.value == 0 ? shownOff(ban.roll_up.origin) : shownCount(ban.roll_up));
  ban.policy.show(map);
  return map;
}

}  // namespace fairlead::firewall
