// The share of requests that may be hedged, as lines of requests and hedges.
#include "upstream/hedge_budget.h"

#include <gtest/gtest.h>

namespace fairlead::upstream {
namespace {

// So many hedges of those that are asked for, one after each request.
int hedgesOf(HedgeBudget& budget, int requests, double share) {
  int hedges = 0;
  for (int i = 0; i < requests; ++i) {
    budget.addRequest(share);
    hedges += budget.take();
  }
  return hedges;
}

TEST(HedgeBudget, IsAShareOfTheRequestsAndAFewAtFirst) {
  struct Row {
    const char* name;
    int requests;
    double share;
    int hedges;
  };
  constexpr Row kRows[] = {
      {"the very first request", 1, 0.05, 1},
      {"the first few", 4, 0.05, 3},
      {"a twentieth of a thousand", 1000, 0.05, 53},
      {"a quarter of a hundred", 100, 0.25, 28},
      {"all of them", 1000, 1.0, 1000},
  };
  for (const Row& row : kRows) {
    HedgeBudget budget;
    EXPECT_EQ(hedgesOf(budget, row.requests, row.share), row.hedges) << row.name;
  }
}

TEST(HedgeBudget, SavesNoMoreThanAFew) {
  HedgeBudget budget;
  for (int i = 0; i < 100'000; ++i) budget.addRequest(0.05);
  int hedges = 0;
  while (budget.take()) ++hedges;
  EXPECT_EQ(hedges, 10);
}

TEST(HedgeBudget, RefillsWithRequestsAlone) {
  HedgeBudget budget;
  while (budget.take()) {
  }
  for (int i = 0; i < 3; ++i) {
    budget.addRequest(0.25);
    EXPECT_FALSE(budget.take()) << i;
  }
  budget.addRequest(0.25);
  EXPECT_TRUE(budget.take());
}

}  // namespace
}  // namespace fairlead::upstream
