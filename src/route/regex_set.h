// Which of many patterns match a text: one pass for all of them.
#pragma once

#include <re2/re2.h>
#include <re2/set.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "route/spec.h"

namespace fairlead::route {

class RegexSet {
 public:
  static constexpr int64_t kSuited = 0;  // as much memory as the patterns should need

  RegexSet() = default;
  // `max_memory`: bytes for the program of the set and its states. Patterns that it is not enough
  // for are tried one by one, which is slower.
  explicit RegexSet(std::vector<Regex> patterns, int64_t max_memory = kSuited);

  // Calls `visit(index)` for the patterns that match, in their order, until it returns true. No
  // allocation when none matches, but for the states that RE2 makes when it first needs them.
  template <typename Visit>
  void forEachMatch(std::string_view text, Visit visit) const {
    if (patterns_.empty() || (set_ && mayMatch(text) == Answer::No)) return;
    std::vector<int> found;
    if (set_ && findAll(text, found)) {
      for (const int index : found)
        if (visit(static_cast<size_t>(index))) return;
      return;
    }
    for (size_t i = 0; i < patterns_.size(); ++i)
      if (re2::RE2::PartialMatch(text, *patterns_[i]) && visit(i)) return;
  }

  bool isOnePass() const { return set_ != nullptr; }

 private:
  enum class Answer : uint8_t { No, Yes, OutOfMemory };

  Answer mayMatch(std::string_view text) const;
  // Sorted. False when the set ran out of memory.
  bool findAll(std::string_view text, std::vector<int>& found) const;

  std::vector<Regex> patterns_;
  std::unique_ptr<re2::RE2::Set> set_;  // null: each pattern by itself
};

// One set for all who ask for the same patterns in the same order, for its states take more memory
// than its patterns, and those that others use are in the cache.
class SharedSets {
 public:
  std::shared_ptr<const RegexSet> of(std::vector<Regex> patterns);

 private:
  using Key = std::vector<std::pair<std::string, int>>;  // patterns, each with its syntax

  std::map<Key, std::shared_ptr<const RegexSet>> sets_;
};

}  // namespace fairlead::route
