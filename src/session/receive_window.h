// The bytes received and not yet used, in one borrowed buffer; what a head's views point at stays
// pinned.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>

#include "io/buffer_pool.h"

namespace fairlead::session {

//   0 ......... floor ......... begin ......... end ......... size
//   pinned head        used up         unread         room
class ReceiveWindow {
 public:
  explicit ReceiveWindow(io::BufferPool& pool) : pool_(pool) {}

  std::span<char> unread() const { return {buffer_.data() + begin_, end_ - begin_}; }
  bool empty() const { return begin_ == end_; }
  bool hasBuffer() const { return static_cast<bool>(buffer_); }

  // Where the next bytes are to be received; borrows a buffer when there is none. Moves unread
  // bytes (never pinned ones) when that makes room; empty when the buffer is full of unread bytes.
  std::span<char> room() {
    if (!buffer_) buffer_ = pool_.lend();
    if (empty()) {
      begin_ = end_ = floor_;
    } else if (end_ == io::Buffer::kSize && begin_ > floor_) {
      std::memmove(buffer_.data() + floor_, buffer_.data() + begin_, end_ - begin_);
      end_ -= begin_ - floor_;
      begin_ = floor_;
    }
    return {buffer_.data() + end_, io::Buffer::kSize - end_};
  }
  void received(size_t bytes) { end_ += bytes; }
  void consume(size_t bytes) { begin_ += bytes; }

  // A head of that many unread bytes was parsed: it is used up, and pinned until the next message.
  void pinHead(size_t bytes) {
    begin_ += bytes;
    floor_ = begin_;
  }
  // Goes back to the first byte after the head; only while nothing was received since `pinHead`.
  void rewind() { begin_ = floor_; }

  // The next message begins with what is unread; views into the last one are void. Without unread
  // bytes the buffer goes back to the pool.
  void startMessage() {
    floor_ = 0;
    if (empty()) {
      buffer_.giveBack();
      begin_ = end_ = 0;
    } else if (begin_ > 0) {
      std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
  }

 private:
  io::BufferPool& pool_;
  io::Buffer buffer_;
  size_t floor_ = 0;
  size_t begin_ = 0;
  size_t end_ = 0;
};

}  // namespace fairlead::session
