// Memory for coroutine frames: size-classed free lists of the thread, so that a steady worker never
// asks the heap for a frame.
#pragma once

#include <cstddef>

namespace fairlead {

// The one thread-local of the program: frames are made and dropped on the thread that runs them.
class FramePool {
 public:
  static void* allocate(size_t bytes);
  static void release(void* frame, size_t bytes) noexcept;
  // Gives half of what was not used since the last call back to the heap; in bytes. Now and
  // then.
  static size_t shrink() noexcept;
};

}  // namespace fairlead
