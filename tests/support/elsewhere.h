// Something that lives on a reactor and a thread of its own, for blocking calls of a test to meet.
#pragma once

#include <memory>
#include <thread>

#include "io/reactor.h"

namespace fairlead::test {

template <typename Built>
class Elsewhere {
 public:
  // `build(reactor)` returns a unique_ptr; it runs here, before the thread begins.
  template <typename Build>
  explicit Elsewhere(Build build) : built_(build(reactor_)) {
    thread_ = std::thread([this] { reactor_.run(); });
  }
  ~Elsewhere() {
    reactor_.stop();
    thread_.join();
  }

 private:
  io::Reactor reactor_;
  std::unique_ptr<Built> built_;
  std::thread thread_;
};

}  // namespace fairlead::test
