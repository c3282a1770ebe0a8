// Reading pages by status, and giving them to answers.
#include "filter/error_pages.h"

#include <algorithm>
#include <array>

#include "base/units.h"

namespace fairlead::filter {
namespace {

constexpr const Section* kEntryAlso[] = {&kPageKeys};

// A server may have been chosen when something went wrong.
constexpr PageTerms kTerms{.allowed = {.answer = true}, .fills_files = true};

bool isStatus(const Value& key, Diagnostics& out) {
  if (key.text == "4xx" || key.text == "5xx") return true;
  const auto status = units::parseCount(key.text);
  if (status && *status >= 400 && *status <= 599) return true;
  Diagnostic& finding = out.error(key.mark, "`" + key.text + "` is not the status of an error");
  finding.expected = "a status from 400 to 599, `4xx` or `5xx`";
  constexpr std::array<std::string_view, 2> kClasses{"4xx", "5xx"};
  const std::string_view nearest = nearestWord(key.text, kClasses);
  if (!status && !nearest.empty())
    finding.suggestion = "did you mean `" + std::string(nearest) + "`?";
  return false;
}

}  // namespace

const Section kErrorPageKeys{"error_pages", "error_pages", {}, {}, "text | 'off' | <error_page>"};
const Section kErrorPageEntryKeys{"error_page", "an error page", {}, kEntryAlso};

void ErrorPages::read(const Value& value, Diagnostics& out) {
  if (value.isOff()) return entries_.clear();
  Settings(value, kErrorPageKeys, out).finish();
  for (const Value::Entry& given : value.entries) {
    if (!isStatus(given.key, out)) continue;
    Entry entry{given.key.text, {}, given.value.isOff(), given.value.mark};
    if (given.value.isMap()) {
      Settings settings(given.value, kErrorPageEntryKeys, out);
      entry.page.read(settings, kTerms);
      settings.finish();
      if (!given.value.find("body") && !given.value.find("file"))
        out.error(given.value.mark, "this page has no text").expected = "`body` or `file`";
    } else if (!entry.is_off) {
      entry.page.readShort(given.value, kTerms, out);
    }
    std::erase_if(entries_, [&](const Entry& old) { return old.key == entry.key; });
    entries_.push_back(std::move(entry));
  }
}

const ErrorPages::Entry* ErrorPages::findEntry(std::string_view key) const {
  const auto found = std::ranges::find(entries_, key, &Entry::key);
  return found == entries_.end() ? nullptr : &*found;
}

const Page* ErrorPages::find(uint16_t status) const {
  if (entries_.empty() || status < 400 || status > 599) return nullptr;
  const auto digit = [&](int place) { return static_cast<char>('0' + status / place % 10); };
  const char exact[] = {digit(100), digit(10), digit(1)};
  const char whole_class[] = {digit(100), 'x', 'x'};
  const Entry* found = findEntry({exact, sizeof exact});
  if (!found) found = findEntry({whole_class, sizeof whole_class});
  return found && !found->is_off ? &found->page : nullptr;
}

Answer ErrorPages::apply(Answer answer, const Scene& scene) const {
  const Page* const page = find(answer.status);
  if (!page) return answer;
  RequestFacts facts = scene.request;
  facts.status = answer.status;
  answer.body = page->render({scene.client, scene.arena, scene.trace, facts});
  answer.content_type = page->contentType();
  return answer;
}

Needs ErrorPages::needs() const {
  Needs needs;
  for (const Entry& entry : entries_) needs |= entry.page.needs();
  return needs;
}

int ErrorPages::highestCapture() const {
  int highest = -1;
  for (const Entry& entry : entries_) highest = std::max(highest, entry.page.highestCapture());
  return highest;
}

Value ErrorPages::show() const {
  Value shown = Value::map();
  for (const Entry& entry : entries_)
    shown.put(entry.key, entry.is_off ? Value::scalar("off", entry.mark) : entry.page.show());
  return shown;
}

}  // namespace fairlead::filter
