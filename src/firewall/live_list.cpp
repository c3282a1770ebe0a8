// From the text of a file to a list.
#include "firewall/live_list.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/entry_lines.h"
#include "base/hash.h"
#include "filter/entries.h"

namespace fairlead::firewall {
namespace {

Mark markAt(uint32_t file, std::string_view text, size_t at) {
  const std::string_view before = text.substr(0, at);
  const size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
  return {file, static_cast<uint32_t>(std::ranges::count(before, '\n')) + 1,
          static_cast<uint32_t>(at - line_start) + 1, 1};
}

}  // namespace

std::unique_ptr<const NetworkList> readNetworkList(uint32_t file, Diagnostics& out) {
  const std::string& text = out.files[file].text;
  if (const auto fault = faultOfText(text)) {
    out.error(markAt(file, text, fault->at), fault->sentence);
    return nullptr;
  }
  std::vector<NetworkList::Entry> entries;
  size_t faults = 0;
  forEachEntry(text, [&](std::string_view entry, uint32_t line, uint32_t column) {
    const Mark mark{file, line, column, static_cast<uint32_t>(entry.size())};
    if (faults > kMostFaults) return;
    if (const auto cidr = Cidr::parse(entry))
      entries.push_back({*cidr, line, column});
    else if (++faults <= kMostFaults)
      filter::readNetwork(entry, mark, out);
    else
      out.error(mark, "there are more broken lines; those behind this one are not shown");
  });
  if (faults > 0) return nullptr;
  return std::make_unique<const NetworkList>(std::move(entries));
}

std::shared_ptr<LiveList> Lists::open(const Value& named, Diagnostics& out) {
  const Diagnostics::File* source = namedFile(named, out);
  if (source == nullptr) return nullptr;
  const auto file = static_cast<uint32_t>(source - out.files.data());
  if (std::ranges::find(broken_, file) != broken_.end()) return nullptr;
  const auto known = std::ranges::find(lists_, file, [](const auto& list) { return list->file(); });
  if (known != lists_.end()) return *known;
  auto networks = readNetworkList(file, out);
  if (!networks) {
    broken_.push_back(file);
    return nullptr;
  }
  lists_.push_back(std::make_shared<LiveList>(source->name, file, hashOfText(source->text),
                                              std::move(networks)));
  return lists_.back();
}

}  // namespace fairlead::firewall
