// fairlead top-blocked: what the firewall of a running fairlead blocked, rule by rule, and whom.
#include <fmt/format.h>

#include "admin/words.h"
#include "app/admin_door.h"
#include "app/text_table.h"

namespace fairlead::app {
namespace {

std::string agoText(const Json& client) {
  const double seconds = client.at("last_ago_seconds").get<double>();
  return admin::spanText(
             std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds))) +
         " ago";
}

// "blocked 12 requests", "would have blocked 3 requests: it only observes".
std::string doneText(const Json& rule) {
  const auto blocked = rule.at("blocked").get<uint64_t>();
  const auto observed = rule.at("observed").get<uint64_t>();
  if (observed == 0) return "blocked " + admin::counted(blocked, "request");
  if (blocked == 0)
    return fmt::format("would have blocked {}: it only observes",
                       admin::counted(observed, "request"));
  return fmt::format("blocked {}, and would have blocked {} more",
                     admin::counted(blocked, "request"), observed);
}

std::string ruleText(const Json& rule) {
  const Json& place = rule.at("place");
  std::string text = fmt::format(
      "{}{}\n  {}\n", rule.at("rule").get<std::string>(),
      place.is_null() ? "" : fmt::format(" ({})", place.get<std::string>()), doneText(rule));
  if (rule.at("clients").empty()) return text;
  TextTable table({"client", "hits", "last", "its last request"});
  for (const Json& client : rule.at("clients"))
    table.add({client.at("client").get<std::string>(),
               fmt::format("{}", client.at("hits").get<uint64_t>()), agoText(client),
               client.at("example").get<std::string>()});
  return text + table.text("  ");
}

std::string allText(const Json& firewall) {
  const Json& rules = firewall.at("rules");
  if (rules.empty()) return "no rule of the firewall has hit a request so far\n";
  std::string text;
  for (const Json& rule : rules) text += (text.empty() ? "" : "\n") + ruleText(rule);
  return text;
}

Tried<std::string> textFor(const TopBlockedRequest& request) {
  const auto door = AdminDoor::of(request);
  if (!door) return std::unexpected(door.error());
  const auto firewall = door->get(fmt::format("/api/firewall?clients={}", request.clients));
  if (!firewall) return std::unexpected(firewall.error());
  return request.json ? dumped(*firewall) : allText(*firewall);
}

}  // namespace

Exit topBlocked(const TopBlockedRequest& request) {
  return printOr([&] { return textFor(request); });
}

}  // namespace fairlead::app
