// Scopes: what they keep, what leaves by itself, and what goes with them.
#include "task/scope.h"

#include <gtest/gtest.h>

#include <array>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/gate.h"

namespace fairlead {
namespace {

using test::Gate;

void noBug(std::exception_ptr) { ADD_FAILURE() << "an exception escaped"; }

struct CountDown {
  int& alive;
  explicit CountDown(int& count) : alive(count) { ++alive; }
  CountDown(const CountDown&) = delete;
  CountDown& operator=(const CountDown&) = delete;
  ~CountDown() { --alive; }
};

Task<void> live(Gate& gate, int& alive) {
  const CountDown counted(alive);
  co_await gate;
}

TEST(Scope, RunsATaskUntilItsFirstWait) {
  Gate gate;
  int alive = 0;
  Scope scope(noBug);
  scope.spawn(live(gate, alive));
  EXPECT_EQ(alive, 1);
  EXPECT_EQ(scope.size(), 1u);
}

TEST(Scope, ATaskThatEndsAtOnceIsNotKept) {
  Gate gate;
  gate.open();
  int alive = 0;
  Scope scope(noBug);
  scope.spawn(live(gate, alive));
  EXPECT_EQ(alive, 0);
  EXPECT_EQ(scope.size(), 0u);
}

struct EndRow {
  const char* name;
  std::array<int, 3> order;
};

TEST(Scope, ATaskThatEndsRemovesItself) {
  const EndRow rows[] = {{"first to last", {0, 1, 2}},
                         {"last to first", {2, 1, 0}},
                         {"the middle one first", {1, 0, 2}},
                         {"the middle one last", {2, 0, 1}}};
  for (const EndRow& row : rows) {
    SCOPED_TRACE(row.name);
    std::array<Gate, 3> gates;
    int alive = 0;
    Scope scope(noBug);
    for (Gate& gate : gates) scope.spawn(live(gate, alive));
    int left = 3;
    for (const int which : row.order) {
      gates[static_cast<size_t>(which)].open();
      --left;
      EXPECT_EQ(alive, left);
      EXPECT_EQ(scope.size(), static_cast<size_t>(left));
    }
  }
}

TEST(Scope, ClearDropsAll) {
  std::array<Gate, 5> gates;
  int alive = 0;
  Scope scope(noBug);
  for (Gate& gate : gates) scope.spawn(live(gate, alive));
  gates[2].open();
  scope.clear();
  EXPECT_EQ(alive, 0);
  EXPECT_EQ(scope.size(), 0u);
  scope.spawn(live(gates[2], alive));  // of use again
  EXPECT_EQ(scope.size(), 0u);
}

TEST(Scope, DestroyingDropsAll) {
  std::array<Gate, 5> gates;
  int alive = 0;
  {
    Scope scope(noBug);
    for (Gate& gate : gates) scope.spawn(live(gate, alive));
    EXPECT_EQ(alive, 5);
  }
  EXPECT_EQ(alive, 0);
}

Task<void> spawnAnother(Scope& scope, Gate& gate, int& alive) {
  scope.spawn(live(gate, alive));
  co_return;
}

TEST(Scope, ATaskMaySpawnIntoItsOwnScope) {
  Gate gate;
  int alive = 0;
  Scope scope(noBug);
  scope.spawn(spawnAnother(scope, gate, alive));
  EXPECT_EQ(scope.size(), 1u);
  gate.open();
  EXPECT_EQ(scope.size(), 0u);
}

int bugs = 0;
void countBug(std::exception_ptr bug) {
  ++bugs;
  EXPECT_THROW(std::rethrow_exception(bug), std::logic_error);
}

Task<void> failBehind(Gate& gate) {
  co_await gate;
  throw std::logic_error("a bug");
}

TEST(Scope, ABugIsToldAndDoesNotEndTheOthers) {
  bugs = 0;
  Gate failing;
  Gate other;
  int alive = 0;
  Scope scope(countBug);
  scope.spawn(live(other, alive));
  scope.spawn(failBehind(failing));
  failing.open();
  EXPECT_EQ(bugs, 1);
  EXPECT_EQ(scope.size(), 1u);
  EXPECT_EQ(alive, 1);
}

}  // namespace
}  // namespace fairlead
