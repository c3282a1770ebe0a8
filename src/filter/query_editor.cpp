// Edits of a query, parameter by parameter.
#include "filter/query_editor.h"

#include "base/glob.h"
#include "base/short_copy.h"
#include "http/percent.h"

namespace fairlead::filter {

QueryEditor::QueryEditor(std::string_view query, size_t more, Arena& arena) : arena_(arena) {
  size_t count = 0;
  http::forEachParam(query, [&](const http::Param&) { ++count; });
  room_ = arena.array<Part>(count + more);
  http::forEachParam(query, [&](const http::Param& param) {
    room_[count_].text = param.text;
    room_[count_++].name = http::queryDecoded(param.name(), arena);
  });
}

bool QueryEditor::has(std::string_view name) const {
  for (const Part& part : parts())
    if (isHere(part, name)) return true;
  return false;
}

template <typename Predicate>
bool QueryEditor::removeIf(Predicate predicate) {
  bool is_changed = false;
  for (Part& part : parts()) {
    if (part.is_gone || !predicate(part.name)) continue;
    part.is_gone = is_changed = true;
  }
  return is_changed;
}

bool QueryEditor::remove(std::string_view name) {
  return removeIf([&](std::string_view given) { return given == name; });
}

bool QueryEditor::removeMatching(std::string_view glob) {
  return removeIf([&](std::string_view given) { return matchesGlob(glob, given); });
}

bool QueryEditor::rename(std::string_view name, std::string_view to, std::string_view encoded_to) {
  bool is_changed = false;
  for (Part& part : parts()) {
    if (!isHere(part, name) || part.is_renamed) continue;
    const size_t equals = std::min(part.text.find('='), part.text.size());
    part.text = arena_.join(encoded_to, part.text.substr(equals));
    part.name = to;
    part.is_renamed = is_changed = true;
  }
  return is_changed;
}

bool QueryEditor::set(std::string_view name, std::string_view text) {
  bool is_set = false;
  bool is_changed = false;
  for (Part& part : parts()) {
    if (!isHere(part, name)) continue;
    is_changed = is_changed || is_set || part.text != text;
    part.is_gone = is_set;
    part.text = text;
    is_set = true;
  }
  if (!is_set) append(name, text);
  return is_changed || !is_set;
}

void QueryEditor::append(std::string_view name, std::string_view text) {
  Part& part = room_[count_++];
  part.text = text;
  part.name = name;
}

std::string_view QueryEditor::query() const {
  size_t size = 0;
  for (const Part& part : parts()) size += part.is_gone ? 0 : part.text.size() + 1;
  if (size == 0) return {};
  char* const begin = arena_.allocate(size);
  char* to = begin;
  for (const Part& part : parts()) {
    if (part.is_gone) continue;
    to = fairlead::append(to, part.text);
    *to++ = '&';
  }
  return {begin, size - 1};
}

}  // namespace fairlead::filter
