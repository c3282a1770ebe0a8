// The API's functions about bans and about what the firewall did.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "admin/call.h"
#include "admin/firewall_views.h"
#include "admin/words.h"
#include "base/settings.h"
#include "base/units.h"
#include "http/percent.h"
#include "http/query.h"

namespace fairlead::admin {
namespace {

constexpr Duration kShortest = std::chrono::seconds(1);
constexpr size_t kLongestWhy = 200;
constexpr size_t kClients = 10;
constexpr uint64_t kMostClients = 100;
constexpr size_t kListed = 5;

std::unexpected<Fault> fault(uint16_t status, std::string sentence) {
  return std::unexpected(Fault{status, std::move(sentence)});
}
std::unexpected<Fault> bad(std::string sentence) { return fault(400, std::move(sentence)); }

// "...; did you mean `10.0.0.0/8`?"
std::string meaning(std::string sentence, std::string_view meant) {
  return meant.empty() ? sentence : fmt::format("{}; did you mean `{}`?", sentence, meant);
}

// --- parameters

using Params = std::map<std::string, std::string, std::less<>>;

std::expected<Params, Fault> paramsOf(std::string_view query,
                                      const std::vector<std::string_view>& known) {
  Params params;
  std::string wrong;
  http::forEachParam(query, [&](const http::Param& param) {
    Arena arena;
    const std::string name(http::queryDecoded(param.name(), arena));
    if (!wrong.empty() || param.text.empty()) return;
    if (std::ranges::find(known, name) == known.end())
      wrong =
          meaning(fmt::format("there is no parameter `{}` here", name), nearestWord(name, known));
    else if (!params.emplace(name, http::queryDecoded(param.value(), arena)).second)
      wrong = fmt::format("`{}` is given twice", name);
  });
  if (!wrong.empty()) return bad(std::move(wrong));
  return params;
}

std::string_view valueOf(const Params& params, std::string_view name) {
  const auto found = params.find(name);
  return found == params.end() ? std::string_view{} : found->second;
}

std::expected<Cidr, Fault> networkOf(const std::string& text) {
  Cidr::ParseFailure why;
  if (const auto network = Cidr::parse(text, &why)) return *network;
  return bad(meaning(why.message, why.suggestion));
}

std::expected<BanOrder, Fault> orderOf(const Call& call) {
  const auto network = networkOf(call.names[0]);
  if (!network) return std::unexpected(network.error());
  const auto params = paramsOf(call.query, {"for", "why"});
  if (!params) return std::unexpected(params.error());
  BanOrder order{.network = *network, .span = {}, .why = std::string(valueOf(*params, "why"))};
  if (order.why.size() > kLongestWhy)
    return bad(fmt::format("`why` has {} characters at the most", kLongestWhy));
  if (!params->contains("for")) return order;
  const auto span = units::parseDuration(valueOf(*params, "for"));
  if (!span) return bad(meaning(span.error().message, span.error().meant));
  if (*span < kShortest)
    return bad("a ban is one second long at least; without `for` it holds until it is lifted");
  order.span = *span;
  return order;
}

// --- networks in networks

bool isWithin(const Cidr& inner, const Cidr& outer) {
  return inner != outer && inner.bits() > outer.bits() && outer.contains(inner.network());
}

std::vector<std::string> bansAround(const Cidr& network, std::span<const KnownBan> bans) {
  std::vector<std::string> around;
  for (const KnownBan& ban : bans)
    if (isWithin(network, ban.ban.network)) around.push_back(ban.ban.network.shortText());
  return around;
}

std::vector<std::string> bansWithin(const Cidr& network, std::span<const KnownBan> bans) {
  std::vector<std::string> within;
  for (const KnownBan& ban : bans)
    if (isWithin(ban.ban.network, network)) within.push_back(ban.ban.network.shortText());
  return within;
}

std::string noBanText(const Cidr& network, std::span<const KnownBan> bans) {
  if (const auto around = bansAround(network, bans); !around.empty())
    return fmt::format("{} is not banned itself, but as part of {}; lift that ban",
                       network.shortText(), fmt::join(around, " and of "));
  const auto within = bansWithin(network, bans);
  if (within.empty()) return fmt::format("{} is not banned", network.shortText());
  const auto some = std::span(within).first(std::min(within.size(), kListed));
  return fmt::format("{} is not banned itself, but {} of it {}: {}{}", network.shortText(),
                     counted(within.size(), "part"), within.size() == 1 ? "is" : "are",
                     fmt::join(some, ", "), within.size() > kListed ? " and others" : "");
}

}  // namespace

Found firewallFacts(const Call& call) {
  const auto params = paramsOf(call.query, {"clients"});
  if (!params) return std::unexpected(params.error());
  size_t clients = kClients;
  if (params->contains("clients")) {
    const auto given = units::parseCount(valueOf(*params, "clients"));
    if (!given || *given > kMostClients)
      return bad(fmt::format("`clients` is a number from 0 to {}", kMostClients));
    clients = *given;
  }
  return viewOf(call.api.firewall(), clients, call.api.moment());
}

Found listBans(const Call& call) { return viewOfBans(call.api.bans->all(), call.api.moment()); }

Found putBan(const Call& call) {
  const auto order = orderOf(call);
  if (!order) return std::unexpected(order.error());
  const auto done = call.api.bans->ban(*order);
  if (!done)
    return fault(503, "the memory for clients is full of bans; a larger `client_table` makes room");
  return viewOf(*done, call.api.moment());
}

Found deleteBan(const Call& call) {
  const auto network = networkOf(call.names[0]);
  if (!network) return std::unexpected(network.error());
  const bool is_lifted = call.api.bans->lift(*network);
  const std::vector<KnownBan> bans = call.api.bans->all();
  if (!is_lifted) return fault(404, noBanText(*network, bans));
  return Json{{"lifted", network->shortText()}, {"still_banned_by", bansAround(*network, bans)}};
}

}  // namespace fairlead::admin
