// Receive and send buffers of two sizes, lent while bytes are on their way and given back when
// idle.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "base/fetch_ahead.h"
#include "base/surplus.h"

namespace fairlead::io {

class BufferPool;

// Small ones hold the head of a request while its answer is awaited; large ones move bodies.
enum class BufferSize : uint8_t { Small, Large };

constexpr size_t bytesOf(BufferSize size) {
  return size == BufferSize::Small ? size_t{4} * 1024 : size_t{64} * 1024;
}

// A lent buffer; gives itself back. Empty when default-constructed.
class Buffer {
 public:
  Buffer() = default;
  Buffer(BufferPool& pool, BufferSize size, char* data) : pool_(&pool), data_(data), kind_(size) {}
  Buffer(Buffer&& other) noexcept
      : pool_(other.pool_), data_(std::exchange(other.data_, nullptr)), kind_(other.kind_) {}
  Buffer& operator=(Buffer&& other) noexcept {
    if (this != &other) {
      giveBack();
      pool_ = other.pool_;
      data_ = std::exchange(other.data_, nullptr);
      kind_ = other.kind_;
    }
    return *this;
  }
  ~Buffer() { giveBack(); }

  char* data() const { return data_; }
  size_t size() const { return data_ ? bytesOf(kind_) : 0; }
  BufferSize kind() const { return kind_; }
  std::span<char> all() const { return {data_, size()}; }
  explicit operator bool() const { return data_ != nullptr; }
  void giveBack();

 private:
  BufferPool* pool_ = nullptr;
  char* data_ = nullptr;
  BufferSize kind_ = BufferSize::Large;
};

// Last in, first out, so that the buffers in use stay in the cache. One thread; outlives its
// buffers.
class BufferPool {
 public:
  // Free bytes of each size beyond `keep_bytes` go back to the heap.
  explicit BufferPool(size_t keep_bytes = size_t{16} * 1024 * 1024) : keep_bytes_(keep_bytes) {
    for (auto& list : free_) list.reserve(256);
  }

  Buffer lend(BufferSize size = BufferSize::Large) {
    List& list = listOf(size);
    if (list.empty()) return {*this, size, new char[bytesOf(size)]};
    char* data = list.back().release();
    list.pop_back();
    surplus_[static_cast<size_t>(size)].taken(list.size());
    if (!list.empty()) fetchAhead(list.back().get(), kHeadBytes);
    return {*this, size, data};
  }

  // Gives half of what was not used since the last call back to the heap; in bytes. Now and
  // then.
  size_t shrink() { return shrink(BufferSize::Small) + shrink(BufferSize::Large); }

  // A large buffer for the length of one receive: what came is copied out of it, or it is taken.
  Buffer& landing() {
    if (!landing_) landing_ = lend(BufferSize::Large);
    return landing_;
  }

 private:
  friend class Buffer;
  static constexpr size_t kHeadBytes = 256;         // of most heads
  static constexpr size_t kFloorBytes = 256 << 10;  // of a size; stays, however seldom it is used

  using List = std::vector<std::unique_ptr<char[]>>;

  List& listOf(BufferSize size) { return free_[static_cast<size_t>(size)]; }
  void take(BufferSize size, char* data) {
    std::unique_ptr<char[]> owned(data);
    List& list = listOf(size);
    if (list.size() * bytesOf(size) < keep_bytes_) list.push_back(std::move(owned));
  }

  size_t shrink(BufferSize size) {
    List& list = listOf(size);
    const size_t spare =
        surplus_[static_cast<size_t>(size)].of(list.size(), kFloorBytes / bytesOf(size));
    list.resize(list.size() - spare);
    return spare * bytesOf(size);
  }

  size_t keep_bytes_;
  std::array<List, 2> free_;
  std::array<Surplus, 2> surplus_;
  Buffer landing_;  // goes back before the lists go
};

inline void Buffer::giveBack() {
  if (data_) pool_->take(kind_, std::exchange(data_, nullptr));
}

}  // namespace fairlead::io
