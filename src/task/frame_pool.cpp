// Size-classed free lists for coroutine frames.
#include "task/frame_pool.h"

#include <array>
#include <cstdint>
#include <new>

namespace fairlead {
namespace {

constexpr size_t kStep = 64;  // frames are rounded up to whole cache lines
// Up to 8 KiB; larger frames come from the heap. A frame may hold those of the coroutines that it
// awaits, where the compiler saw that they end before it does.
constexpr size_t kClasses = 128;
constexpr uint32_t kKeepPerClass = 4096;  // beyond that, memory goes back to the heap

struct Free {
  Free* next;
};

struct Pool {
  std::array<Free*, kClasses> lists{};
  std::array<uint32_t, kClasses> counts{};

  ~Pool() {
    for (Free* list : lists) {
      while (list) {
        Free* next = list->next;
        ::operator delete(list);
        list = next;
      }
    }
  }
};

thread_local constinit Pool pool;

constexpr size_t classOf(size_t bytes) { return (bytes + kStep - 1) / kStep - 1; }

}  // namespace

void* FramePool::allocate(size_t bytes) {
  const size_t size_class = classOf(bytes);
  if (size_class >= kClasses) return ::operator new(bytes);
  if (Free* frame = pool.lists[size_class]) {
    pool.lists[size_class] = frame->next;
    --pool.counts[size_class];
    return frame;
  }
  return ::operator new((size_class + 1) * kStep);
}

void FramePool::release(void* frame, size_t bytes) noexcept {
  const size_t size_class = classOf(bytes);
  if (size_class >= kClasses || pool.counts[size_class] == kKeepPerClass) {
    ::operator delete(frame);
    return;
  }
  pool.lists[size_class] = new (frame) Free{pool.lists[size_class]};
  ++pool.counts[size_class];
}

}  // namespace fairlead
