// Places: never more than there are, first come first served, and nothing lost by who leaves.
#include "discovery/places.h"

#include <gtest/gtest.h>

#include <string>

#include "support/drive.h"
#include "support/gate.h"
#include "task/scope.h"
#include "task/task.h"

namespace fairlead::discovery {
namespace {

using fairlead::test::Gate;
using fairlead::test::settle;

Task<void> hold(Places& places, Gate& gate, char name, std::string& story) {
  const Places::Place place = co_await places.take();
  story += name;
  co_await gate;
  story += static_cast<char>(name - 'a' + 'A');
}

TEST(Places, AreGivenInTheOrderOfTheLine) {
  io::Reactor reactor;
  Places places(reactor, 2);
  Gate gates[4];
  std::string story;
  Scope scope;
  for (int i = 0; i < 4; ++i)
    scope.spawn(hold(places, gates[i], static_cast<char>('a' + i), story));
  settle(reactor);
  EXPECT_EQ(story, "ab");
  gates[1].open();
  settle(reactor);
  EXPECT_EQ(story, "abBc");
  gates[0].open();
  gates[2].open();
  settle(reactor);
  EXPECT_EQ(story, "abBcACd");
  gates[3].open();
  EXPECT_EQ(scope.size(), 0u);
}

TEST(Places, OfWhoLeavesGoToTheNext) {
  struct Row {
    const char* name;
    bool granted;  // dropped between being given the place and hearing of it
  };
  for (const Row& row : {Row{"in the line", false}, Row{"just before its turn", true}}) {
    SCOPED_TRACE(row.name);
    io::Reactor reactor;
    Places places(reactor, 1);
    Gate gates[3];
    std::string story;
    Task<void> first = hold(places, gates[0], 'a', story);
    Task<void> second = hold(places, gates[1], 'b', story);
    Task<void> third = hold(places, gates[2], 'c', story);
    for (Task<void>* task : {&first, &second, &third}) task->start();
    if (row.granted) {
      gates[0].open();
      second.drop();
    } else {
      second.drop();
      gates[0].open();
    }
    settle(reactor);
    EXPECT_EQ(story, "aAc");
    gates[2].open();
    EXPECT_TRUE(third.done());
  }
}

}  // namespace
}  // namespace fairlead::discovery
