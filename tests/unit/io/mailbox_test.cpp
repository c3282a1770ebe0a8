// The mailbox: letters of many threads, in order, on the reactor's own thread.
#include "io/mailbox.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <thread>
#include <vector>

#include "support/drive.h"

namespace fairlead::io {
namespace {

TEST(Mailbox, RunsLettersInOrder) {
  Reactor reactor;
  Mailbox mailbox(reactor);
  std::vector<int> seen;
  for (int i = 0; i < 5; ++i) mailbox.post([&seen, i] { seen.push_back(i); });
  EXPECT_TRUE(seen.empty());
  test::runUntil(reactor, [&] { return seen.size() == 5; });
  EXPECT_EQ(seen, (std::vector<int>{0, 1, 2, 3, 4}));
}

TEST(Mailbox, TakesLettersThatCannotBeCopied) {
  Reactor reactor;
  Mailbox mailbox(reactor);
  int seen = 0;
  mailbox.post([&seen, owned = std::make_unique<int>(7)] { seen = *owned; });
  test::runUntil(reactor, [&] { return seen != 0; });
  EXPECT_EQ(seen, 7);
}

TEST(Mailbox, ALetterMayPostAnother) {
  Reactor reactor;
  Mailbox mailbox(reactor);
  int seen = 0;
  mailbox.post([&] { mailbox.post([&] { ++seen; }); });
  test::runUntil(reactor, [&] { return seen == 1; });
}

TEST(Mailbox, RunsAShareOfThemATurn) {
  constexpr int kLetters = 3 * static_cast<int>(Mailbox::kLettersPerTurn) + 5;
  Reactor reactor;
  Mailbox mailbox(reactor);
  std::vector<int> seen;
  for (int i = 0; i < kLetters; ++i) mailbox.post([&seen, i] { seen.push_back(i); });
  for (size_t before = 0; seen.size() < kLetters; before = seen.size()) {
    reactor.turn(std::chrono::hours(1));
    // One share for the bell, and one for the errand that the bell left for the end of its turn.
    EXPECT_LE(seen.size() - before, 2 * Mailbox::kLettersPerTurn);
  }
  EXPECT_TRUE(std::ranges::is_sorted(seen));
}

// What is posted while others wait for their turn comes after them, and the box rings once.
TEST(Mailbox, LettersThatComeBetweenTwoSharesComeLast) {
  Reactor reactor;
  Mailbox mailbox(reactor);
  std::vector<int> seen;
  for (int i = 0; i < 100; ++i) mailbox.post([&seen, i] { seen.push_back(i); });
  reactor.turn(std::chrono::hours(1));
  ASSERT_LT(seen.size(), 100u);
  for (int i = 100; i < 110; ++i) mailbox.post([&seen, i] { seen.push_back(i); });
  test::runUntil(reactor, [&] { return seen.size() == 110; });
  EXPECT_TRUE(std::ranges::is_sorted(seen));
}

TEST(Mailbox, KeepsTheOrderOfEachThread) {
  constexpr int kThreads = 4;
  constexpr int kLetters = 2000;
  Reactor reactor;
  Mailbox mailbox(reactor);
  const std::thread::id own = std::this_thread::get_id();
  std::array<int, kThreads> next{};
  int seen = 0;
  bool in_order = true;
  bool own_thread = true;
  const auto arrived = [&](size_t from, int number) {
    in_order = in_order && next[from] == number;
    own_thread = own_thread && std::this_thread::get_id() == own;
    ++next[from];
    ++seen;
  };
  std::vector<std::thread> threads;
  for (size_t from = 0; from < kThreads; ++from)
    threads.emplace_back([&, from] {
      for (int i = 0; i < kLetters; ++i) mailbox.post([&arrived, from, i] { arrived(from, i); });
    });
  test::runUntil(reactor, [&] { return seen == kThreads * kLetters; });
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(in_order);
  EXPECT_TRUE(own_thread);
}

TEST(Mailbox, UnreadLettersGoWithTheBox) {
  Reactor reactor;
  const auto shared = std::make_shared<int>(1);
  {
    Mailbox mailbox(reactor);
    mailbox.post([shared] {});
    EXPECT_EQ(shared.use_count(), 2);
  }
  EXPECT_EQ(shared.use_count(), 1);
  test::settle(reactor);
}

}  // namespace
}  // namespace fairlead::io
