// Receive and send buffers of one size, lent while bytes are on their way and given back when idle.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <utility>
#include <vector>

namespace fairlead::io {

class BufferPool;

// A lent buffer; gives itself back. Empty when default-constructed.
class Buffer {
 public:
  static constexpr size_t kSize = 64 * 1024;

  Buffer() = default;
  Buffer(BufferPool& pool, char* data) : pool_(&pool), data_(data) {}
  Buffer(Buffer&& other) noexcept
      : pool_(other.pool_), data_(std::exchange(other.data_, nullptr)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    if (this != &other) {
      giveBack();
      pool_ = other.pool_;
      data_ = std::exchange(other.data_, nullptr);
    }
    return *this;
  }
  ~Buffer() { giveBack(); }

  char* data() const { return data_; }
  std::span<char> all() const { return {data_, kSize}; }
  explicit operator bool() const { return data_ != nullptr; }
  void giveBack();

 private:
  BufferPool* pool_ = nullptr;
  char* data_ = nullptr;
};

// Last in, first out, so that the buffers in use stay in the cache. One thread; outlives its
// buffers.
class BufferPool {
 public:
  // Free buffers beyond `keep` go back to the heap.
  explicit BufferPool(size_t keep = 128) : keep_(keep) { free_.reserve(keep); }

  Buffer lend() {
    if (free_.empty()) return {*this, new char[Buffer::kSize]};
    char* data = free_.back().release();
    free_.pop_back();
    return {*this, data};
  }

 private:
  friend class Buffer;
  void take(char* data) {
    std::unique_ptr<char[]> owned(data);
    if (free_.size() < keep_) free_.push_back(std::move(owned));
  }

  size_t keep_;
  std::vector<std::unique_ptr<char[]>> free_;
};

inline void Buffer::giveBack() {
  if (data_) pool_->take(std::exchange(data_, nullptr));
}

}  // namespace fairlead::io
