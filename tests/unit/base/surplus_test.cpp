// Surplus: a burst is forgotten by halves, and what is in use is left alone.
#include "base/surplus.h"

#include <gtest/gtest.h>

#include <vector>

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

TEST(Surplus, IsNotWhatWasInUseBetweenTwoLooks) {
  struct Row {
    const char* name;
    std::vector<size_t> left_after_each_taken;
    size_t expected;
  };
  const Row rows[] = {
      {"nothing was taken", {}, 50},
      {"a few at a time", {99, 98, 99}, 49},
      {"a burst took all but some, and gave them back", {60, 20, 90}, 10},
      {"a burst took all", {50, 0, 80}, 0},
  };
  for (const Row& row : rows) {
    Surplus surplus;
    surplus.of(100, 0);
    for (const size_t left : row.left_after_each_taken) surplus.taken(left);
    EXPECT_EQ(surplus.of(100, 0), row.expected) << row.name;
    EXPECT_EQ(surplus.of(100, 0), 50u) << row.name << ": the next look begins anew";
  }
}

}  // namespace
}  // namespace fairlead
