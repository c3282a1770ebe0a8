// Size-classed free lists for coroutine frames.
#include "task/frame_pool.h"

#include <array>
#include <cstdint>
#include <new>
#include <utility>

#include "base/fetch_ahead.h"
#include "base/surplus.h"

namespace fairlead {
namespace {

constexpr size_t kStep = kCacheLine;  // what frames are rounded up to
// Up to 8 KiB; larger frames come from the heap. A frame may hold those of the coroutines that it
// awaits, where the compiler saw that they end before it does.
constexpr size_t kClasses = 128;
constexpr size_t kKeepBytes = 4 << 20;    // of a class; beyond that, memory goes back to the heap
constexpr size_t kFloorBytes = 32 << 10;  // of a class; stays, however seldom it is used
constexpr size_t kMostFetched = 2048;     // of a frame: what it begins with

struct Free {
  Free* next;
};

struct Pool {
  std::array<Free*, kClasses> lists{};
  std::array<uint32_t, kClasses> counts{};
  std::array<Surplus, kClasses> surplus{};

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
constexpr size_t bytesOf(size_t size_class) { return (size_class + 1) * kStep; }

constexpr auto kKeep = [] {
  std::array<uint32_t, kClasses> keep{};
  for (size_t i = 0; i < kClasses; ++i) keep[i] = static_cast<uint32_t>(kKeepBytes / bytesOf(i));
  return keep;
}();

}  // namespace

void* FramePool::allocate(size_t bytes) {
  const size_t size_class = classOf(bytes);
  if (size_class >= kClasses) return ::operator new(bytes);
  if (Free* frame = pool.lists[size_class]) {
    pool.lists[size_class] = frame->next;
    pool.surplus[size_class].taken(--pool.counts[size_class]);
    // Whoever comes next will get that one.
    if (frame->next) fetchAhead(frame->next, std::min(bytesOf(size_class), kMostFetched));
    return frame;
  }
  return ::operator new(bytesOf(size_class));
}

void FramePool::release(void* frame, size_t bytes) noexcept {
  const size_t size_class = classOf(bytes);
  if (size_class >= kClasses || pool.counts[size_class] >= kKeep[size_class]) {
    ::operator delete(frame);
    return;
  }
  pool.lists[size_class] = new (frame) Free{pool.lists[size_class]};
  ++pool.counts[size_class];
}

size_t FramePool::shrink() noexcept {
  size_t given_back = 0;
  size_t left = kMostGivenBack;
  for (size_t i = 0; i < kClasses; ++i) {
    size_t frames = std::min(left, pool.surplus[i].of(pool.counts[i], kFloorBytes / bytesOf(i)));
    left -= frames;
    given_back += frames * bytesOf(i);
    pool.counts[i] -= static_cast<uint32_t>(frames);
    for (; frames > 0; --frames)
      ::operator delete(std::exchange(pool.lists[i], pool.lists[i]->next));
  }
  return given_back;
}

}  // namespace fairlead
