// The words of the configuration language as tables: what the reader accepts, what `fairlead
// schema` prints, and what docs/configuration.md lists are one and the same.
#pragma once

#include <span>
#include <string_view>

namespace fairlead {

// One key of a mapping. `form` says what its value looks like:
//
//   text boolean duration size percent rate regex path host address ...   a scalar of that kind
//   0..100            a whole number in that range
//   'off'             this word
//   [x]               a list of x
//   x...              one x, or a list of them
//   {x}               a mapping of names to x
//   (x)...            parentheses join alternatives
//   <health>          a mapping with the keys of the section of that name
//   a | b             either; `...` binds more tightly
//   later             known to the language, not to this version; words beside it are accepted
struct Key {
  std::string_view name;
  std::string_view form;
  std::string_view initial;  // the built-in value as one would write it; empty: none
  std::string_view meaning;  // one sentence, for the documentation and for editors

  bool isLater() const { return form.starts_with("later"); }
};

// The keys of one kind of mapping. Lives as long as the program, beside the code that reads it.
struct Section {
  std::string_view name;  // what forms call it: "health"
  std::string_view what;  // what messages call it: "a pool"
  std::span<const Key> keys;
  std::span<const Section* const> also = {};  // sections whose keys may stand here as well
  std::string_view names = {};  // the form of values under names that are no keys; empty: errors

  const Key* find(std::string_view key) const {
    for (const Key& own : keys)
      if (own.name == key) return &own;
    for (const Section* section : also)
      if (const Key* found = section->find(key)) return found;
    return nullptr;
  }
  template <typename Visit>
  void forEach(Visit visit) const {
    for (const Key& key : keys) visit(key);
    for (const Section* section : also) section->forEach(visit);
  }
};

}  // namespace fairlead
