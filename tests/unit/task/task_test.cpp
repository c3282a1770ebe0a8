// Tasks: when they run, what they give, how they end early, and that their stack does not grow.
#include "task/task.h"

#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "support/gate.h"

namespace fairlead {
namespace {

using test::Gate;

Task<int> give(int value) { co_return value; }

Task<void> note(std::vector<std::string>& notes, std::string text) {
  notes.push_back(std::move(text));
  co_return;
}

TEST(Task, RunsNothingBeforeItIsStarted) {
  std::vector<std::string> notes;
  Task<void> task = note(notes, "ran");
  EXPECT_TRUE(notes.empty());
  task.start();
  EXPECT_EQ(notes, std::vector<std::string>{"ran"});
  EXPECT_TRUE(task.done());
}

TEST(Task, RunsNothingWhenItIsDroppedUnstarted) {
  std::vector<std::string> notes;
  {
    const Task<void> task = note(notes, "ran");
  }
  EXPECT_TRUE(notes.empty());
}

TEST(Task, GivesItsResult) {
  Task<int> task = give(42);
  task.start();
  ASSERT_TRUE(task.done());
  EXPECT_EQ(task.take(), 42);
}

Task<std::unique_ptr<int>> giveOwned() { co_return std::make_unique<int>(7); }
Task<int> unwrap() {
  const std::unique_ptr<int> owned = co_await giveOwned();
  co_return *owned + co_await give(1);
}

TEST(Task, MovesResultsThatCannotBeCopied) {
  Task<int> task = unwrap();
  task.start();
  EXPECT_EQ(task.take(), 8);
}

Task<int> fail() {
  throw std::runtime_error("a bug");
  co_return 0;
}
Task<std::string> report() {
  try {
    co_await fail();
  } catch (const std::runtime_error& error) {
    co_return error.what();
  }
  co_return "nothing";
}
Task<int> passOn() { co_return co_await fail() + 1; }

TEST(Task, ExceptionsTravelToWhoeverAwaits) {
  Task<std::string> task = report();
  task.start();
  EXPECT_EQ(task.take(), "a bug");
}

TEST(Task, ExceptionsTravelThroughSeveralTasks) {
  Task<int> task = passOn();
  task.start();
  ASSERT_TRUE(task.done());
  EXPECT_THROW(task.take(), std::runtime_error);
}

// Tells when it is destroyed.
class Witness {
 public:
  Witness(std::vector<std::string>& notes, std::string name)
      : notes_(notes), name_(std::move(name)) {}
  Witness(const Witness&) = delete;
  Witness& operator=(const Witness&) = delete;
  ~Witness() { notes_.push_back(name_); }

 private:
  std::vector<std::string>& notes_;
  std::string name_;
};

Task<void> inner(Gate& gate, std::vector<std::string>& notes) {
  const Witness first(notes, "inner first");
  const Witness second(notes, "inner second");
  co_await gate;
  notes.push_back("inner went on");
}
Task<void> outer(Gate& gate, std::vector<std::string>& notes) {
  const Witness witness(notes, "outer");
  co_await inner(gate, notes);
  notes.push_back("outer went on");
}

TEST(Task, DroppingDestroysLocalsFromTheInsideOut) {
  Gate gate;
  std::vector<std::string> notes;
  Task<void> task = outer(gate, notes);
  task.start();
  EXPECT_FALSE(task.done());
  task.drop();
  EXPECT_FALSE(task);
  EXPECT_EQ(notes, (std::vector<std::string>{"inner second", "inner first", "outer"}));
  EXPECT_FALSE(gate.awaited()) << "the operation that it waited for was not cancelled";
}

TEST(Task, GoesOnWhereItWaited) {
  Gate gate;
  std::vector<std::string> notes;
  Task<void> task = outer(gate, notes);
  task.start();
  gate.open();
  EXPECT_TRUE(task.done());
  EXPECT_EQ(notes, (std::vector<std::string>{"inner went on", "inner second", "inner first",
                                             "outer went on", "outer"}));
}

TEST(Task, AssigningDropsWhatWasThere) {
  Gate gate;
  std::vector<std::string> notes;
  Task<void> task = inner(gate, notes);
  task.start();
  task = note(notes, "the other");
  EXPECT_EQ(notes, (std::vector<std::string>{"inner second", "inner first"}));
}

Task<int> valueBehind(Gate& gate, int value) {
  co_await gate;
  co_return value;
}
Task<int> joinLater(Task<int>& started, Gate& before) {
  co_await before;
  co_return co_await started.join() + 1;
}

struct JoinRow {
  const char* name;
  bool ends_before_join;
};

TEST(Task, StartAndJoin) {
  for (const JoinRow& row :
       {JoinRow{"ended before it is joined", true}, JoinRow{"ends while it is joined", false}}) {
    SCOPED_TRACE(row.name);
    Gate work;
    Gate before;
    Task<int> started = valueBehind(work, 10);
    started.start();
    Task<int> joining = joinLater(started, before);
    joining.start();
    if (row.ends_before_join) work.open();
    before.open();
    EXPECT_EQ(joining.done(), row.ends_before_join);
    if (!row.ends_before_join) work.open();
    ASSERT_TRUE(joining.done());
    EXPECT_EQ(joining.take(), 11);
  }
}

Task<int> failBehind(Gate& gate) {
  co_await gate;
  throw std::runtime_error("a bug");
  co_return 0;
}
Task<bool> joinFails(Task<int>& started) {
  try {
    co_await started.join();
  } catch (const std::runtime_error&) {
    co_return true;
  }
  co_return false;
}

TEST(Task, JoinGetsTheException) {
  Gate gate;
  Task<int> started = failBehind(gate);
  started.start();
  Task<bool> joining = joinFails(started);
  joining.start();
  gate.open();
  ASSERT_TRUE(joining.done());
  EXPECT_TRUE(joining.take());
}

// --- the stack

// The lowest and the highest place of the stack that was seen.
struct Depth {
  uintptr_t low = UINTPTR_MAX;
  uintptr_t high = 0;
  [[gnu::noinline]] void measure() {
    const auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
    low = std::min(low, here);
    high = std::max(high, here);
  }
  size_t span() const { return high - low; }
};

constexpr int kMany = 100'000;
constexpr size_t kFlat = 64 * 1024;

Task<int> step(Depth& depth, int value) {
  depth.measure();
  co_return value;
}
Task<int64_t> loop(Depth& depth) {
  int64_t sum = 0;
  for (int i = 0; i < kMany; ++i) sum += co_await step(depth, 1);
  depth.measure();
  co_return sum;
}

TEST(Task, AwaitingInALoopKeepsTheStackFlat) {
  Depth depth;
  Task<int64_t> task = loop(depth);
  task.start();
  EXPECT_EQ(task.take(), kMany);
  EXPECT_LT(depth.span(), kFlat);
}

// NOLINTNEXTLINE(misc-no-recursion): that is what is measured
Task<int> descend(Depth& depth, Gate& bottom, int levels) {
  depth.measure();
  if (levels == 0) {
    co_await bottom;
    co_return 0;
  }
  const int below = co_await descend(depth, bottom, levels - 1);
  depth.measure();
  co_return below + 1;
}

TEST(Task, NestingDeeplyKeepsTheStackFlatDownAndUp) {
  Depth depth;
  Gate bottom;
  Task<int> task = descend(depth, bottom, kMany);
  task.start();
  ASSERT_FALSE(task.done());
  bottom.open();
  EXPECT_EQ(task.take(), kMany);
  EXPECT_LT(depth.span(), kFlat);
}

}  // namespace
}  // namespace fairlead
