// How much of what a pool keeps free is not needed: looked at now and then.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>

namespace fairlead {

// So many blocks go at a time, because somebody waits meanwhile: freeing one takes some tens of
// nanoseconds.
inline constexpr size_t kMostGivenBack = 4096;

// What lay free at every moment since the last look was not needed in between. Half of it may go,
// so that a burst is forgotten within seconds and a pool in use is left alone; `floor` always
// stays.
class Surplus {
 public:
  // A block was taken, and so many are left.
  void taken(size_t left) { least_ = std::min(least_, left); }

  size_t of(size_t free, size_t floor) {
    const size_t unused = std::min(free, std::exchange(least_, free));
    return unused > floor ? std::min((unused - floor + 1) / 2, kMostGivenBack) : 0;
  }

 private:
  size_t least_ = 0;  // of the free ones, since the last look
};

}  // namespace fairlead
