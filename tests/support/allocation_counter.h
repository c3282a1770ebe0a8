// Replaces the global operator new and delete by ones that count what the calling thread allocates;
// to be included by exactly one source file of a test program.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <new>

#if defined(__SANITIZE_THREAD__)
#define FAIRLEAD_COUNTS_ALLOCATIONS 0
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define FAIRLEAD_COUNTS_ALLOCATIONS 0
#endif
#endif
#ifndef FAIRLEAD_COUNTS_ALLOCATIONS
#define FAIRLEAD_COUNTS_ALLOCATIONS 1
#endif

namespace fairlead::test {

// The thread sanitizer's runtime defines operator new itself and lets nobody replace it: there all
// counts stay zero, and whoever needs them skips.
inline constexpr bool kAllocationsAreCounted = FAIRLEAD_COUNTS_ALLOCATIONS != 0;
inline constexpr const char* kWhyNotCounted =
    "the thread sanitizer lets nobody replace operator new, so nothing was counted";

// Written by its own thread; another one may look at it.
using AllocationCount = std::atomic<uint64_t>;
inline thread_local constinit AllocationCount allocation_count{0};
// Set to abort at the next allocation of this thread, so that a debugger shows where it is made.
inline thread_local constinit std::atomic<bool> allocation_is_fatal{false};

inline uint64_t allocationsOfThread() { return allocation_count.load(std::memory_order_relaxed); }

inline void* countedAllocation(size_t bytes, size_t alignment) noexcept {
  allocation_count.fetch_add(1, std::memory_order_relaxed);
  if (allocation_is_fatal.load(std::memory_order_relaxed)) std::abort();
  if (bytes == 0) bytes = 1;
  if (alignment <= __STDCPP_DEFAULT_NEW_ALIGNMENT__) return std::malloc(bytes);
  return std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
}

inline void* countedAllocationOrThrow(size_t bytes, size_t alignment) {
  void* const memory = countedAllocation(bytes, alignment);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace fairlead::test

#if FAIRLEAD_COUNTS_ALLOCATIONS
// NOLINTBEGIN(misc-definitions-in-headers): included once, as said above
void* operator new(size_t n) { return fairlead::test::countedAllocationOrThrow(n, 0); }
void* operator new[](size_t n) { return fairlead::test::countedAllocationOrThrow(n, 0); }
void* operator new(size_t n, std::align_val_t a) {
  return fairlead::test::countedAllocationOrThrow(n, static_cast<size_t>(a));
}
void* operator new[](size_t n, std::align_val_t a) {
  return fairlead::test::countedAllocationOrThrow(n, static_cast<size_t>(a));
}
void* operator new(size_t n, const std::nothrow_t&) noexcept {
  return fairlead::test::countedAllocation(n, 0);
}
void* operator new[](size_t n, const std::nothrow_t&) noexcept {
  return fairlead::test::countedAllocation(n, 0);
}
void* operator new(size_t n, std::align_val_t a, const std::nothrow_t&) noexcept {
  return fairlead::test::countedAllocation(n, static_cast<size_t>(a));
}
void* operator new[](size_t n, std::align_val_t a, const std::nothrow_t&) noexcept {
  return fairlead::test::countedAllocation(n, static_cast<size_t>(a));
}
void operator delete(void* p) noexcept { std::free(p); }
void operator delete[](void* p) noexcept { std::free(p); }
void operator delete(void* p, size_t) noexcept { std::free(p); }
void operator delete[](void* p, size_t) noexcept { std::free(p); }
void operator delete(void* p, std::align_val_t) noexcept { std::free(p); }
void operator delete[](void* p, std::align_val_t) noexcept { std::free(p); }
void operator delete(void* p, size_t, std::align_val_t) noexcept { std::free(p); }
void operator delete[](void* p, size_t, std::align_val_t) noexcept { std::free(p); }
void operator delete(void* p, const std::nothrow_t&) noexcept { std::free(p); }
void operator delete[](void* p, const std::nothrow_t&) noexcept { std::free(p); }
void operator delete(void* p, std::align_val_t, const std::nothrow_t&) noexcept { std::free(p); }
void operator delete[](void* p, std::align_val_t, const std::nothrow_t&) noexcept { std::free(p); }
// NOLINTEND(misc-definitions-in-headers)
#endif
