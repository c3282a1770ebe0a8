// The search over the lists of a level.
#include "firewall/address_rules.h"

#include <algorithm>
#include <tuple>

#include "filter/entries.h"

namespace fairlead::firewall {
namespace {

auto placeOf(const Mark& mark) { return std::tuple(mark.file, mark.line, mark.column); }

}  // namespace

void AddressRules::read(const Value& list, bool allow, Lists& lists, Diagnostics& out) {
  const std::string kind = allow ? "firewall ip_allow " : "firewall ip_reject ";
  for (const Value* entry : readScalars(list, out)) {
    if (entry->text.starts_with('@')) {
      if (auto file = lists.open(*entry, out))
        files_.push_back({std::move(file), allow, *entry, kind + entry->text});
    } else if (const auto cidr = filter::readNetwork(entry->text, entry->mark, out)) {
      inline_.push_back({*cidr, allow, entry->mark, kind + cidr->text()});
    }
  }
  index();
}

// Of the same network twice the first one counts, and that is to be what is allowed.
void AddressRules::index() {
  std::ranges::sort(inline_, {}, [](const Inline& entry) {
    return std::tuple(!entry.allow, placeOf(entry.mark));
  });
  std::vector<NetworkList::Entry> entries;
  for (uint32_t i = 0; i < inline_.size(); ++i) entries.push_back({inline_[i].cidr, i, 0});
  indexed_ = std::make_shared<const NetworkList>(std::move(entries));
}

std::optional<AddressRules::Found> AddressRules::find(const IpAddress& client) const {
  std::optional<Found> best;
  if (!inline_.empty()) {
    if (const auto entry = indexed_->find(client)) {
      const Inline& rule = inline_[entry->line];
      best = Found{rule.allow, rule.cidr, rule.mark, rule.mark, rule.name};
    }
  }
  for (const FromFile& file : files_) {
    const auto entry = file.list->current()->find(client);
    if (!entry) continue;
    if (best &&
        std::tuple(best->cidr.bits(), best->allow) >= std::tuple(entry->cidr.bits(), file.allow))
      continue;
    const Mark mark{file.list->file(), entry->line, entry->column, 1};
    best = Found{file.allow, entry->cidr, mark, file.entry.mark, file.name};
  }
  return best;
}

Value AddressRules::show(bool allow) const {
  Value list = Value::list();
  for (const Inline& rule : inline_)
    if (rule.allow == allow) list.items.push_back(Value::scalar(rule.cidr.text(), rule.mark));
  for (const FromFile& file : files_)
    if (file.allow == allow) list.items.push_back(file.entry);
  std::ranges::sort(list.items, {}, [](const Value& item) { return placeOf(item.mark); });
  return list;
}

}  // namespace fairlead::firewall
