// The firewall's rules compiled for lookup.
#include "firewall/firewall_rules.h"

#include <algorithm>
#include <numeric>

#include "filter/entries.h"
#include "firewall/plain_path.h"
#include "http/target.h"

namespace fairlead::firewall {
namespace {

constexpr Key kKeys[] = {
    {"ip_reject", "network...", "", "clients that are refused"},
    {"ip_allow", "network...", "", "exceptions; the longer network wins"},
    {"path_reject", "(path | list_file | <path_pattern>)...", "", "whole segments and all below"},
    {"rate_limit", "later | 'off'", "", ""},
    {"auto_ban", "later | 'off'", "", ""},
    {"connection_limit", "later | 'off'", "", ""},
    {"request_limit", "later | 'off'", "", ""},
    {"max_body", "later | 'off'", "", ""},
    {"method_reject", "later", "", ""},
    {"header_reject", "later", "", ""},
    {"host_reject", "later", "", ""},
    {"country_reject", "later", "", ""},
    {"country_allow", "later", "", ""},
    {"mode", "later", "", ""},
    {"action", "later", "", ""},
};
constexpr Key kPathPattern[] = {
    {"exact", "later", "", ""},
    {"glob", "later", "", ""},
    {"regex", "later", "", ""},
};

// Segment order: `/` before every other byte, so that a path stands directly before all that is
// below it.
bool isBefore(std::string_view a, std::string_view b) {
  const auto rank = [](char c) { return c == '/' ? 0 : static_cast<uint8_t>(c); };
  return std::ranges::lexicographical_compare(a, b, {}, rank, rank);
}

// The body is left to the standard sentence of 403, "Forbidden".
filter::Answer forbidden(std::string_view rule, const Mark& origin) {
  filter::Answer answer;
  answer.status = 403;
  answer.rule = rule;
  answer.origin = origin;
  return answer;
}

// `{ glob: ... }` and the like are part of the language already.
void refuseLongForm(const Value& entry, Diagnostics& out) {
  Settings settings(entry, kPathPatternKeys, out);
  settings.finish();
}

}  // namespace

const Section kFirewallKeys{"firewall_rules", "firewall_rules", kKeys};
const Section kPathPatternKeys{"path_pattern", "an entry of path_reject", kPathPattern};

void FirewallRules::read(const Value& value, Lists& lists, Diagnostics& out) {
  Settings settings(value, kFirewallKeys, out);
  if (const Value* list = settings.take("ip_reject")) addresses_.read(*list, false, lists, out);
  if (const Value* list = settings.take("ip_allow")) addresses_.read(*list, true, lists, out);
  if (const Value* list = settings.take("path_reject")) readPathRules(*list, out);
  settings.finish();
  index();
}

void FirewallRules::readPathRules(const Value& list, Diagnostics& out) {
  for (const Value* entry : filter::readEntries(list, out)) {
    if (entry->isMap()) {
      refuseLongForm(*entry, out);
    } else if (auto path = filter::readPath(*entry, out)) {
      std::string rule = "firewall path_reject " + *path;
      std::string plain = plainPath(*path);
      paths_.push_back({std::move(*path), std::move(plain), entry->mark, std::move(rule)});
    }
  }
}

void FirewallRules::index() {
  std::vector<uint32_t> all(paths_.size());
  std::iota(all.begin(), all.end(), 0u);
  std::ranges::sort(all, isBefore, [&](uint32_t i) { return std::string_view(paths_[i].plain); });
  order_.clear();
  for (const uint32_t i : all)
    if (order_.empty() || !http::isAtOrBelow(paths_[i].plain, paths_[order_.back()].plain))
      order_.push_back(i);
}

bool FirewallRules::empty() const { return addresses_.empty() && paths_.empty(); }

std::optional<filter::Answer> FirewallRules::judge(const IpAddress& client, std::string_view path,
                                                   filter::Trace* trace) const {
  if (const auto network = addresses_.find(client)) {
    if (trace)
      trace->note(
          std::string(network->name) + (network->allow ? " exempts " : " rejects ") + client.text(),
          network->mark);
    if (!network->allow) return forbidden(network->name, network->mark);
  }
  if (const Path* found = findPath(path)) {
    if (trace) trace->note(found->rule + " rejects " + std::string(path), found->mark);
    return forbidden(found->rule, found->mark);
  }
  return std::nullopt;
}

// Only the last entry that does not come after the path can have it at or below itself.
const FirewallRules::Path* FirewallRules::findPath(std::string_view canonical) const {
  PlainPathRoom room;
  const std::string_view path = plainPath(canonical, room);
  const auto after = std::upper_bound(
      order_.begin(), order_.end(), path,
      [&](std::string_view p, uint32_t i) { return isBefore(p, paths_[i].plain); });
  if (after == order_.begin()) return nullptr;
  const Path& candidate = paths_[*(after - 1)];
  return http::isAtOrBelow(path, candidate.plain) ? &candidate : nullptr;
}

Value FirewallRules::show() const {
  Value rejected = addresses_.show(false);
  Value allowed = addresses_.show(true);
  Value paths = Value::list();
  for (const Path& path : paths_) paths.items.push_back(Value::scalar(path.path, path.mark));
  Value rules = Value::map();
  if (!rejected.items.empty()) rules.put("ip_reject", std::move(rejected));
  if (!allowed.items.empty()) rules.put("ip_allow", std::move(allowed));
  if (!paths.items.empty()) rules.put("path_reject", std::move(paths));
  return rules;
}

}  // namespace fairlead::firewall
