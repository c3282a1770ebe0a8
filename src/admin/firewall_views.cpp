// Bans and hits to JSON, member by member.
#include "admin/firewall_views.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "admin/moments.h"

namespace fairlead::admin {
namespace {

using firewall::Ban;
using std::chrono::microseconds;

double secondsNotBelowZero(Duration span) { return secondsOf(std::max(span, Duration{})); }

std::string placeOf(const Mark& mark, std::span<const std::string> files) {
  if (mark.isBuiltIn() || mark.file >= files.size()) return {};
  return fmt::format("{}:{}", files[mark.file], mark.line);
}

Json viewOf(const firewall::HitClient& client, const Moment& moment) {
  return {{"client", client.client.shortText()},
          {"hits", client.hits},
          {"example", client.example},
          {"last", timestampText(client.last)},
          {"last_ago_seconds", secondsNotBelowZero(moment.wall - client.last)}};
}

Json viewOf(const FirewallFacts::Rule& rule, size_t clients, const Moment& moment) {
  Json list = Json::array();
  for (const auto& client :
       std::span(rule.report.clients).first(std::min(clients, rule.report.clients.size())))
    list.push_back(viewOf(client, moment));
  return {{"rule", rule.report.rule},
          {"place", rule.place.empty() ? Json() : Json(rule.place)},
          {"blocked", rule.report.blocked},
          {"observed", rule.report.observed},
          {"clients", std::move(list)}};
}

}  // namespace

Json viewOf(const KnownBan& known, const Moment& moment) {
  const Ban& ban = known.ban;
  const bool ends = ban.until != kNever;
  return {
      {"network", ban.network.shortText()},
      {"since", timeText(ban.since, moment)},
      {"for_seconds", secondsNotBelowZero(moment.steady - ban.since)},
      {"until", ends ? Json(timeText(ban.until, moment)) : Json()},
      {"until_in_seconds", ends ? Json(secondsNotBelowZero(ban.until - moment.steady)) : Json()},
      {"strikes", ban.strikes},
      {"by", known.by},
      {"why", known.why}};
}

Json viewOfBans(std::span<const KnownBan> bans, const Moment& moment) {
  Json list = Json::array();
  for (const KnownBan& ban : bans) list.push_back(viewOf(ban, moment));
  return {{"at", timestampText(moment.wall)}, {"bans", std::move(list)}};
}

Json viewOf(const BanDone& done, const Moment& moment) {
  return {{"ban", viewOf(done.ban, moment)}, {"kept", done.is_kept}};
}

FirewallFacts factsOf(const firewall::Ledger& ledger, const firewall::ClientTable& table,
                      uint64_t table_bytes, std::span<const std::string> files, TimePoint now) {
  FirewallFacts facts{.rules = {}, .table = table.facts(now), .table_bytes = table_bytes};
  for (firewall::RuleReport& report : ledger.report()) {
    std::string place = placeOf(report.mark, files);
    facts.rules.push_back({std::move(report), std::move(place)});
  }
  return facts;
}

Json viewOf(const FirewallFacts& facts, size_t clients, const Moment& moment) {
  Json rules = Json::array();
  for (const auto& rule : facts.rules) rules.push_back(viewOf(rule, clients, moment));
  const firewall::ClientTable::Facts& table = facts.table;
  return {{"at", timestampText(moment.wall)},
          {"rules", std::move(rules)},
          {"table",
           {{"capacity", table.capacity},
            {"in_use", table.in_use},
            {"evictions", table.evictions},
            {"untracked", table.untracked},
            {"bytes", facts.table_bytes}}},
          {"bans", table.bans}};
}

}  // namespace fairlead::admin
