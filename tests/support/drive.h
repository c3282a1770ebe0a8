// Driving a reactor by turns until something has happened, and tasks until they have ended.
#pragma once

#include <chrono>
#include <stdexcept>
#include <utility>

#include "io/reactor.h"
#include "task/task.h"

namespace fairlead::test {

// Far beyond what any test needs: reached only when what is awaited never comes.
inline constexpr Duration kPatience = std::chrono::seconds(20);

// Turns until `done()`. Throws when that does not come, which fails the test. What happens outside
// of the reactor is looked at every millisecond.
template <typename Done>
void runUntil(io::Reactor& reactor, Done done) {
  const TimePoint latest = std::chrono::steady_clock::now() + kPatience;
  while (!done()) {
    if (std::chrono::steady_clock::now() > latest)
      throw std::runtime_error("what the test waits for did not happen");
    reactor.turn(std::chrono::milliseconds(1));
  }
}

// Runs the task to its end and returns its result.
template <typename T>
T complete(io::Reactor& reactor, Task<T> task) {
  task.start();
  runUntil(reactor, [&] { return task.done(); });
  return task.take();
}

// Lets everything happen that is due already.
inline void settle(io::Reactor& reactor) {
  for (int i = 0; i < 4; ++i) reactor.turn(Duration{0});
}

}  // namespace fairlead::test
