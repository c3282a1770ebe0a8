// What becomes of a request that a rule, a limit or a ban hits: `mode` and `action`.
#pragma once

#include <cstdint>

#include "base/settings.h"

namespace fairlead::firewall {

extern const Section kActionKeys;

enum class Mode : uint8_t {
  Enforce,
  Observe  // only counted and logged
};

struct Action {
  enum class Kind : uint8_t {
    Answer,
    Drop,   // the connection is closed without a word
    Tarpit  // the answer comes after `wait`, and closes
  };
  Kind kind = Kind::Answer;
  uint16_t status = 403;
  Duration wait{};
};

struct Policy {
  Setting<Mode> mode{Mode::Enforce};
  Setting<Action> action;

  Policy() = default;
  // `status`: of the built-in action.
  explicit Policy(uint16_t status) : action(Action{.status = status}) {}

  // The keys `mode` and `action` of a mapping.
  void read(Settings& settings);
  bool observes() const { return mode.value == Mode::Observe; }
  // Puts what was written into a mapping.
  void show(Value& into) const;
};

// The forms of the two keys, for the tables of those who have them.
inline constexpr std::string_view kModeForm = "'enforce' | 'observe'";
inline constexpr std::string_view kActionForm = "'drop' | <action>";
inline constexpr std::string_view kModeMeaning =
    "`observe` lets everything pass, and counts and logs what would have been refused";

}  // namespace fairlead::firewall
