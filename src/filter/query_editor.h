// A query taken apart into its parameters; what no edit names keeps its bytes and its place.
#pragma once

#include <span>
#include <string_view>

#include "base/arena.h"
#include "http/query.h"

namespace fairlead::filter {

// Names are decoded, texts are encoded. Edits say whether they changed anything. All memory is the
// arena's.
class QueryEditor {
 public:
  // `more` is how many parameters may be appended.
  QueryEditor(std::string_view query, size_t more, Arena& arena);

  bool has(std::string_view name) const;
  // `*` stands for any text.
  bool remove(std::string_view name);
  bool removeMatching(std::string_view glob);
  // Values stay as they are. A parameter is renamed at most once, so that names can be exchanged.
  bool rename(std::string_view name, std::string_view to, std::string_view encoded_to);
  // The first of that name becomes `text`, "name=value", and all others go; appended if there is
  // none.
  bool set(std::string_view name, std::string_view text);
  void append(std::string_view name, std::string_view text);
  // Calls `change(value)` for the values of that name, which returns the new one or a view of the
  // same place when it stays.
  template <typename Change>
  bool changeValues(std::string_view name, Change change);

  // The parameters that are left, put together.
  std::string_view query() const;

 private:
  struct Part {
    std::string_view text;  // as it is sent
    std::string_view name;  // decoded
    bool is_gone = false;
    bool is_renamed = false;
  };

  template <typename Predicate>
  bool removeIf(Predicate predicate);
  bool isHere(const Part& part, std::string_view name) const {
    return !part.is_gone && part.name == name;
  }
  std::span<Part> parts() { return room_.first(count_); }
  std::span<const Part> parts() const { return room_.first(count_); }

  Arena& arena_;
  std::span<Part> room_;
  size_t count_ = 0;
};

template <typename Change>
bool QueryEditor::changeValues(std::string_view name, Change change) {
  bool is_changed = false;
  for (Part& part : parts()) {
    if (!isHere(part, name)) continue;
    const http::Param param{part.text};
    const std::string_view value = param.value();
    const std::string_view changed = change(value);
    if (changed.data() == value.data() && changed.size() == value.size()) continue;
    part.text = arena_.join(param.name(), std::string_view("="), changed);
    is_changed = true;
  }
  return is_changed;
}

}  // namespace fairlead::filter
