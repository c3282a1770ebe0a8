// Reading the lists of countries, and judging clients by them.
#include "firewall/country_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

namespace fairlead::firewall {
namespace {

auto placeOf(const Mark& mark) { return std::tuple(mark.file, mark.line, mark.column); }

}  // namespace

void CountryRules::read(const Value& list, bool allow, const Geo& geo, Diagnostics& out) {
  if (!geo.is_named)
    out.error(list.mark, "there is no database of countries").expected =
        "`geo: { database: ... }` at the top of the file";
  database_ = geo.database;
  const auto entries = readScalars(list, out);
  if (allow && list.isList() && list.items.empty())
    out.error(list.mark, "this would refuse everybody").expected =
        "at least one country; without `country_allow`, all may come";
  if (allow && !allow_list_) allow_list_ = list.mark;
  for (const Value* entry : entries) {
    if (const auto country = CountryCode::parse(entry->text))
      add({*country, allow, entry->mark,
           fmt::format("firewall country_{} {}", allow ? "allow" : "reject", country->text())},
          out);
    else
      out.error(entry->mark, fmt::format("`{}` is no country code", entry->text)).expected =
          "two letters of ISO 3166-1, such as DE";
  }
}

void CountryRules::add(Entry entry, Diagnostics& out) {
  const auto at = std::ranges::lower_bound(entries_, entry.country, {}, &Entry::country);
  if (at == entries_.end() || at->country != entry.country) {
    entries_.insert(at, std::move(entry));
    return;
  }
  if (at->allow == entry.allow) return;
  const auto [first, second] = std::minmax(
      at->mark, entry.mark, [](const Mark& a, const Mark& b) { return placeOf(a) < placeOf(b); });
  Diagnostic& finding =
      out.error(second, fmt::format("`{}` is both rejected and allowed", entry.country.text()));
  finding.also = first;
  finding.also_message = "it stands here first";
}

const CountryRules::Entry* CountryRules::find(CountryCode country) const {
  const auto at = std::ranges::lower_bound(entries_, country, {}, &Entry::country);
  return at != entries_.end() && at->country == country ? &*at : nullptr;
}

std::optional<Hit> CountryRules::judge(const Question& question) const {
  const IpAddress& client = question.client.client;
  const auto country = database_->current()->countryOf(client);
  if (question.trace)
    question.trace->note(country ? fmt::format("{} is of {}", client.text(), country->text())
                                 : fmt::format("the country of {} is unknown", client.text()),
                         allow_list_ ? *allow_list_ : entries_.front().mark);
  const auto hit = [](std::string_view rule, const Mark& mark) {
    return Hit{
        .of = Hit::Of::Client, .rule = rule, .origin = mark, .counted = mark, .counted_as = {}};
  };
  const Entry* entry = country ? find(*country) : nullptr;
  if (entry != nullptr && !entry->allow) return hit(entry->name, entry->mark);
  if (entry == nullptr && allow_list_) return hit("firewall country_allow", *allow_list_);
  return std::nullopt;
}

Value CountryRules::show(bool allow) const {
  Value list = Value::list();
  for (const Entry& entry : entries_)
    if (entry.allow == allow)
      list.items.push_back(Value::scalar(std::string(entry.country.text()), entry.mark));
  std::ranges::sort(list.items, {}, [](const Value& item) { return placeOf(item.mark); });
  return list;
}

}  // namespace fairlead::firewall
