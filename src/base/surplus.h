// How much of what a pool keeps free is not needed: looked at now and then, never when it is used.
#pragma once

#include <algorithm>
#include <cstddef>
#include <utility>

namespace fairlead {

// So many blocks go at a time, because somebody waits meanwhile: freeing one takes some tens of
// nanoseconds.
inline constexpr size_t kMostGivenBack = 4096;

// What lay free the last time and lies free now was hardly needed in between. Half of it may go, so
// that a burst is forgotten within seconds and a pool in use is left alone; `floor` always stays.
class Surplus {
 public:
  size_t of(size_t free, size_t floor) {
    const size_t unused = std::min(free, std::exchange(last_, free));
    return unused > floor ? std::min((unused - floor + 1) / 2, kMostGivenBack) : 0;
  }

 private:
  size_t last_ = 0;
};

}  // namespace fairlead
