// RE2::Set, and the way around it where it cannot serve.
#include "route/regex_set.h"

#include <algorithm>

namespace fairlead::route {
namespace {

using Set = re2::RE2::Set;

// The program takes 16 bytes an instruction, and may have a quarter of the memory; a state takes
// some 4 bytes for each instruction that it is in, and there should be room for hundreds of them.
int64_t memoryFor(const std::vector<Regex>& patterns) {
  constexpr int64_t kLeast = int64_t{1} << 20;
  constexpr int64_t kMost = int64_t{256} << 20;
  constexpr int64_t kPerInstruction = 2048;
  int64_t instructions = 0;
  for (const Regex& pattern : patterns) instructions += pattern->ProgramSize();
  return std::min(kLeast + instructions * kPerInstruction, kMost);
}

// A set has one kind of syntax for all its patterns. Null when it is not theirs, or when there is
// not enough memory.
std::unique_ptr<Set> makeSet(const std::vector<Regex>& patterns, int64_t max_memory) {
  re2::RE2::Options options;
  options.Copy(patterns.front()->options());
  options.set_max_mem(max_memory);
  options.set_log_errors(false);
  auto set = std::make_unique<Set>(options, re2::RE2::UNANCHORED);
  for (const Regex& pattern : patterns) {
    if (pattern->options().ParseFlags() != options.ParseFlags()) return nullptr;
    if (set->Add(pattern->pattern(), nullptr) < 0) return nullptr;
  }
  if (!set->Compile()) return nullptr;
  return set;
}

}  // namespace

RegexSet::RegexSet(std::vector<Regex> patterns, int64_t max_memory)
    : patterns_(std::move(patterns)) {
  if (patterns_.size() < 2) return;
  set_ = makeSet(patterns_, max_memory == kSuited ? memoryFor(patterns_) : max_memory);
}

// Without a list to fill, the search ends at the first match and allocates nothing.
RegexSet::Answer RegexSet::mayMatch(std::string_view text) const {
  Set::ErrorInfo error{Set::kNoError};
  if (set_->Match(text, nullptr, &error)) return Answer::Yes;
  return error.kind == Set::kNoError ? Answer::No : Answer::OutOfMemory;
}

bool RegexSet::findAll(std::string_view text, std::vector<int>& found) const {
  Set::ErrorInfo error{Set::kNoError};
  if (!set_->Match(text, &found, &error) && error.kind != Set::kNoError) return false;
  std::ranges::sort(found);
  return true;
}

std::shared_ptr<const RegexSet> SharedSets::of(std::vector<Regex> patterns) {
  Key key;
  for (const Regex& regex : patterns)
    key.emplace_back(regex->pattern(), regex->options().ParseFlags());
  std::shared_ptr<const RegexSet>& set = sets_[std::move(key)];
  if (!set) set = std::make_shared<const RegexSet>(std::move(patterns));
  return set;
}

}  // namespace fairlead::route
