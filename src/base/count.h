// A number that one thread grows with plain stores, and any thread reads.
#pragma once

#include <atomic>
#include <cstdint>

namespace fairlead {

class Count {
 public:
  // One thread only.
  void add(uint64_t more) {
    value_.store(value_.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
  }
  uint64_t read() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

}  // namespace fairlead
