// Asks the processor for memory before it is needed, so that what waits for it can go on meanwhile.
#pragma once

#include <cstddef>

namespace fairlead {

inline constexpr size_t kCacheLine = 64;

// The lines of `bytes` from `memory` on, which will be written to soon: with a thousand requests
// under way each one's memory has left the caches of the core when its turn comes. A hint: any
// address will do. Costs an instruction a line.
inline void fetchAhead(const void* memory, size_t bytes) {
  const char* const first = static_cast<const char*>(memory);
  for (size_t at = 0; at < bytes; at += kCacheLine) __builtin_prefetch(first + at, 1);
}

}  // namespace fairlead
