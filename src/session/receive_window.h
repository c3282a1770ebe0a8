// The bytes received and not yet used, in borrowed buffers; what a head's views point at stays
// pinned.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>

#include "io/buffer_pool.h"

namespace fairlead::session {

//   0 ......... floor ......... begin ......... end ......... size
//   pinned head        used up         unread         room
//
// A window that starts small moves to a large buffer when a head does not fit, or when a body is
// to be received; the pinned head then stays where it is, in the small one.
class ReceiveWindow {
 public:
  explicit ReceiveWindow(io::BufferPool& pool, io::BufferSize first = io::BufferSize::Large)
      : pool_(pool), first_(first) {}

  std::span<char> unread() const { return {buffer_.data() + begin_, end_ - begin_}; }
  bool empty() const { return begin_ == end_; }
  bool hasBuffer() const { return static_cast<bool>(buffer_); }

  // Where the next bytes are to be received; borrows a buffer when there is none. Moves unread
  // bytes (never pinned ones) when that makes room; empty when the buffer is full of unread bytes.
  std::span<char> room() {
    if (!buffer_) buffer_ = pool_.lend(first_);
    if (empty()) {
      begin_ = end_ = floor_;
    } else if (end_ == buffer_.size() && begin_ > floor_) {
      std::memmove(buffer_.data() + floor_, buffer_.data() + begin_, end_ - begin_);
      end_ -= begin_ - floor_;
      begin_ = floor_;
    }
    return {buffer_.data() + end_, buffer_.size() - end_};
  }
  // The same, in a large buffer.
  std::span<char> largeRoom() {
    if (buffer_ && buffer_.kind() == io::BufferSize::Small) moveToLarge();
    if (!buffer_) buffer_ = pool_.lend(io::BufferSize::Large);
    return room();
  }
  // Is a small buffer full with an unfinished head? Then `grow` moves it; views into it are void.
  bool mustGrow() const {
    return buffer_ && buffer_.kind() == io::BufferSize::Small && begin_ == 0 &&
           end_ == buffer_.size();
  }
  void grow() {
    moveToLarge();
    head_.giveBack();
  }

  // Where the first bytes of a message arrive: a large place that all windows share, so that a
  // short body comes and goes with its head. Until `landed`, without waiting in between.
  std::span<char> landing() { return pool_.landing().all(); }
  // So many bytes lie in `landing()`. They move to a buffer of the first size where they fit.
  void landed(size_t bytes) {
    if (bytes == 0) return;
    const bool fits = bytes < io::bytesOf(first_);
    buffer_ = fits ? pool_.lend(first_) : std::move(pool_.landing());
    if (fits) std::memcpy(buffer_.data(), pool_.landing().data(), bytes);
    end_ = bytes;
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
    head_.giveBack();
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
  void moveToLarge() {
    io::Buffer large = pool_.lend(io::BufferSize::Large);
    std::memcpy(large.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = floor_ = 0;
    head_ = std::move(buffer_);
    buffer_ = std::move(large);
  }

  io::BufferPool& pool_;
  io::BufferSize first_;
  io::Buffer head_;  // pinned, when the rest of the message lies in another buffer
  io::Buffer buffer_;
  size_t floor_ = 0;
  size_t begin_ = 0;
  size_t end_ = 0;
};

}  // namespace fairlead::session
