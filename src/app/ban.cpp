// fairlead ban: lists and changes the bans of a running fairlead.
#include <fmt/format.h>

#include "admin/words.h"
#include "app/admin_door.h"
#include "app/text_table.h"

namespace fairlead::app {
namespace {

std::string spanOf(const Json& seconds) {
  return admin::spanText(
      std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds.get<double>())));
}

// "20 x 404 in 1m (edge.yaml:7)", "by hand: scraping".
std::string reasonOf(const Json& ban) {
  const auto why = ban.at("why").get<std::string>();
  return ban.at("by").get<std::string>() + (why.empty() ? "" : ": " + why);
}

std::string listText(const Json& bans) {
  if (bans.empty()) return "nobody is banned\n";
  TextTable table({"banned", "ends in", "since", "strikes", "why"});
  for (const Json& ban : bans) {
    const Json& left = ban.at("until_in_seconds");
    table.add({ban.at("network").get<std::string>(), left.is_null() ? "when lifted" : spanOf(left),
               spanOf(ban.at("for_seconds")) + " ago",
               fmt::format("{}", ban.at("strikes").get<uint64_t>()), reasonOf(ban)});
  }
  return table.text();
}

// What was done, in the words of the log.
std::string doneText(const BanRequest& request, const Json& done) {
  std::string text =
      fmt::format("banned {} by hand {}{}{}\n", done.at("ban").at("network").get<std::string>(),
                  request.span ? "for " + *request.span : "until it is lifted",
                  request.why.empty() ? "" : ": ", request.why);
  if (!done.at("kept").get<bool>())
    text += "it ends when that fairlead does: it keeps no bans (`state` names a folder for them)\n";
  return text;
}

std::string targetOf(const BanRequest& request) {
  return "/api/bans/" + admin::segment(request.network);
}

Tried<std::string> listed(const AdminRequest& request) {
  const auto door = AdminDoor::of(request);
  if (!door) return std::unexpected(door.error());
  const auto bans = door->get("/api/bans");
  if (!bans) return std::unexpected(bans.error());
  return request.json ? dumped(*bans) : listText(bans->at("bans"));
}

Tried<std::string> added(const BanRequest& request) {
  const auto door = AdminDoor::of(request);
  if (!door) return std::unexpected(door.error());
  std::string target = targetOf(request) + "?why=" + admin::segment(request.why);
  if (request.span) target += "&for=" + admin::segment(*request.span);
  const auto done = door->ask("PUT", target);
  if (!done) return std::unexpected(done.error());
  return doneText(request, *done);
}

Tried<std::string> lifted(const BanRequest& request) {
  const auto door = AdminDoor::of(request);
  if (!door) return std::unexpected(door.error());
  const auto done = door->ask("DELETE", targetOf(request));
  if (!done) return std::unexpected(done.error());
  std::string text = fmt::format("lifted the ban of {}\n", done->at("lifted").get<std::string>());
  for (const Json& around : done->at("still_banned_by"))
    text += fmt::format("the ban of {} still covers it\n", around.get<std::string>());
  return text;
}

}  // namespace

Exit banList(const AdminRequest& request) {
  return printOr([&] { return listed(request); });
}
Exit banAdd(const BanRequest& request) {
  return printOr([&] { return added(request); });
}
Exit banDel(const BanRequest& request) {
  return printOr([&] { return lifted(request); });
}

}  // namespace fairlead::app
