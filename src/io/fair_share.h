// How much one coroutine may move before everybody else has a turn.
#pragma once

#include <cstddef>

#include "io/reactor.h"

namespace fairlead::io {

// if (share.isUsedUp()) co_await NextTurn(reactor);
class FairShare {
 public:
  explicit FairShare(const Reactor& reactor) : reactor_(reactor) {}

  // What was moved. A piece costs its calls as well, however small it is.
  void count(size_t octets) {
    if (turn_ != reactor_.now()) {
      turn_ = reactor_.now();
      used_ = 0;
    }
    used_ += octets + kPieceCost;
  }
  // In this turn of the reactor.
  bool isUsedUp() const { return used_ >= kOctets && turn_ == reactor_.now(); }

  // Two sockets of the loopback move that much in 50 to 100 us.
  static constexpr size_t kOctets = size_t{256} * 1024;

 private:
  static constexpr size_t kPieceCost = 4096;

  const Reactor& reactor_;
  TimePoint turn_{};
  size_t used_ = 0;
};

}  // namespace fairlead::io
