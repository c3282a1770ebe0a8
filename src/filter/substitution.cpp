// Replacing every match of a pattern in memory of the arena.
#include "filter/substitution.h"

#include <algorithm>
#include <cstring>

#include "http/percent.h"

namespace fairlead::filter {
namespace {

// Text that grows in the arena, up to a limit.
class Growing {
 public:
  Growing(Arena& arena, size_t first_room, size_t limit) : arena_(arena), limit_(limit) {
    grow(std::min(first_room, limit));
  }

  // False: it would be longer than the limit.
  bool append(std::string_view text) {
    if (text.size() > limit_ - size_) return false;
    if (text.size() > room_ - size_) grow(std::min(limit_, 2 * (size_ + text.size())));
    if (!text.empty()) std::memcpy(begin_ + size_, text.data(), text.size());
    size_ += text.size();
    return true;
  }

  std::string_view text() const { return {begin_, size_}; }

 private:
  void grow(size_t room) {
    char* const larger = arena_.allocate(room);
    if (size_ > 0) std::memcpy(larger, begin_, size_);
    begin_ = larger;
    room_ = room;
  }

  Arena& arena_;
  size_t limit_;
  char* begin_ = nullptr;
  size_t size_ = 0;
  size_t room_ = 0;
};

// The match, then its groups, as far as the replacement needs them.
struct Match {
  Match(const Substitution& how, Arena& arena) {
    const auto groups = static_cast<size_t>(how.pattern.NumberOfCapturingGroups());
    const size_t count = how.with.isConstant() ? 1 : groups + 1;
    pieces = arena.array<re2::StringPiece>(count);
    views = arena.array<std::string_view>(count);
  }

  bool find(const re2::RE2& pattern, std::string_view text, size_t from) {
    const bool found =
        pattern.Match({text.data(), text.size()}, from, text.size(), re2::RE2::UNANCHORED,
                      pieces.data(), static_cast<int>(pieces.size()));
    if (!found) return false;
    for (size_t i = 0; i < pieces.size(); ++i) views[i] = {pieces[i].data(), pieces[i].size()};
    return true;
  }

  std::string_view whole() const { return views[0]; }

  std::span<re2::StringPiece> pieces;
  std::span<std::string_view> views;
};

// The bytes of the character at the front, as far as it is UTF-8.
size_t characterLength(std::string_view text) {
  const auto isContinuation = [&](size_t i) {
    return i < text.size() && (static_cast<uint8_t>(text[i]) & 0xc0) == 0x80;
  };
  size_t length = 1;
  if (static_cast<uint8_t>(text[0]) < 0xc0) return length;
  while (length < 4 && isContinuation(length)) ++length;
  return length;
}

}  // namespace

Pattern readPattern(const Value& value, Diagnostics& out) {
  const auto text = readString(value, out);
  if (!text) return nullptr;
  auto pattern = std::make_shared<const re2::RE2>(*text, re2::RE2::Quiet);
  if (pattern->ok()) return pattern;
  out.error(value.mark, "`" + *text + "` is not a regular expression: " + pattern->error())
      .expected = "RE2 syntax, which has no look-around and no back references";
  return nullptr;
}

Allowed allowedFor(const re2::RE2& pattern) {
  Allowed allowed;
  allowed.own_captures = pattern.NumberOfCapturingGroups();
  return allowed;
}

Substituted substitute(std::string_view text, const Substitution& how, const Scene& scene) {
  Match match(how, scene.arena);
  if (!match.find(how.pattern, text, 0)) return {};
  Growing result(scene.arena, text.size() + 64, how.limit);
  size_t done = 0;  // so far the text is in the result
  const auto copyUpTo = [&](size_t end) {
    const std::string_view between = text.substr(done, end - done);
    done = end;
    return result.append(how.encodes_between ? http::percentEncoded(between, scene.arena)
                                             : between);
  };
  constexpr Substituted kTooLong{Substituted::Outcome::TooLong, {}};
  size_t last_end = std::string_view::npos;
  size_t from = 0;
  do {
    const std::string_view whole = match.whole();
    const auto begin = static_cast<size_t>(whole.data() - text.data());
    if (whole.empty() && begin == last_end) {
      if (begin == text.size()) break;
      from = begin + characterLength(text.substr(begin));
      continue;
    }
    if (!copyUpTo(begin) || !result.append(how.with.render(scene, match.views))) return kTooLong;
    done = from = last_end = begin + whole.size();
  } while (match.find(how.pattern, text, from));
  if (!copyUpTo(text.size())) return kTooLong;
  return {Substituted::Outcome::Done, result.text()};
}

}  // namespace fairlead::filter
