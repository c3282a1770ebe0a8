// Surplus: a burst is forgotten by halves, and what is in use is left alone.
#include "base/surplus.h"

#include <gtest/gtest.h>

namespace fairlead {
namespace {

struct SurplusRow {
  const char* name;
  size_t before;  // lay free at the last look
  size_t now;
  size_t floor;
  size_t expected;
};

TEST(Surplus, IsHalfOfWhatLayFreeBothTimes) {
  const SurplusRow rows[] = {
      {"nothing is free", 0, 0, 16, 0},          {"the first look", 0, 1000, 16, 0},
      {"all of it lay there", 116, 116, 16, 50}, {"part was in use then", 36, 116, 16, 10},
      {"part is in use now", 116, 36, 16, 10},   {"the floor stays", 16, 16, 16, 0},
      {"the last one goes", 17, 17, 16, 1},      {"no floor", 3, 3, 0, 2},
  };
  for (const SurplusRow& row : rows) {
    Surplus surplus;
    surplus.of(row.before, row.floor);
    EXPECT_EQ(surplus.of(row.now, row.floor), row.expected) << row.name;
  }
}

}  // namespace
}  // namespace fairlead
