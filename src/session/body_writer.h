// A message on its way out: the head and the first octets of the body leave in one write.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "http/h1/chunked.h"
#include "io/stream.h"

namespace fairlead::session {

// How the body's end is told to the receiver.
enum class BodyCoding : uint8_t { None, Identity, Chunked };

class BodyWriter {
 public:
  explicit BodyWriter(io::Stream& stream) : stream_(stream) {}

  // The head waits for the first piece. It lies at the front of `room`, whose rest may be used to
  // put a short first piece behind it; both must stay until that is written. `then`: what follows
  // the last piece.
  void begin(std::span<char> room, size_t head_length, BodyCoding coding,
             io::Then then = io::Then::More) {
    head_ = {room.data(), head_length};
    room_ = room.size() - head_length;
    coding_ = coding;
    then_ = then;
    sent_ = 0;
  }
  bool headPending() const { return !head_.empty(); }
  // Bytes given to the kernel, framing included.
  uint64_t bytesSent() const { return sent_; }
  // So many of them did not get there after all: they are left in a pipe.
  void takeBack(size_t octets) { sent_ -= octets; }
  io::Stream& stream() const { return stream_; }

  // co_await write(...): the pending head, the data, and after the last piece the end of the
  // coding. `trailer_lines` are used with the last piece of a chunked body; `trailer_end` must be
  // `makeTrailer(...)` of them when there are any.
  io::WriteOp write(std::string_view data, bool last, std::string_view trailer_end, Duration idle,
                    TimePoint limit) {
    compose(data, last, trailer_end);
    return stream_.write(pieces_, idle, limit, last ? then_ : io::Then::More);
  }
  // May octets go out as they are?
  bool takesPipes() const { return coding_ == BodyCoding::Identity && head_.empty(); }
  // co_await write(pipe, ...): all that is in it.
  io::WriteOp write(io::Pipe& from, Duration idle, TimePoint limit) {
    sent_ += from.octets();
    return stream_.write(from, idle, limit);
  }
  io::WriteOp writeHead(Duration idle, TimePoint limit) {
    return write({}, false, {}, idle, limit);
  }

 private:
  void compose(std::string_view data, bool last, std::string_view trailer_end) {
    pieces_ = {head_, {}, data, {}};
    if (coding_ == BodyCoding::Chunked) frame(data, last, trailer_end);
    size_t total = 0;
    for (const std::string_view piece : pieces_) total += piece.size();
    sent_ += total;
    if (!head_.empty() && total - head_.size() <= std::min(kCopied, room_)) joinBehindHead(total);
    head_ = {};
  }
  // One piece costs the kernel less than a vector of them, and the copy is in the cache.
  void joinBehindHead(size_t total) {
    char* at = const_cast<char*>(head_.data()) + head_.size();
    for (size_t i = 1; i < pieces_.size(); ++i) {
      if (!pieces_[i].empty()) std::memcpy(at, pieces_[i].data(), pieces_[i].size());
      at += pieces_[i].size();
    }
    pieces_ = {std::string_view(head_.data(), total), {}, {}, {}};
  }
  void frame(std::string_view data, bool last, std::string_view trailer_end) {
    static constexpr std::string_view kEnd = "\r\n0\r\n\r\n";
    if (!data.empty())
      pieces_[1] = {chunk_head_.data(), http::h1::writeChunkHead(chunk_head_.data(), data.size())};
    if (last) {
      pieces_[3] = trailer_end.empty() ? kEnd : trailer_end;
      if (data.empty()) pieces_[3].remove_prefix(2);
    } else if (!data.empty()) {
      pieces_[3] = kEnd.substr(0, 2);
    }
  }

  static constexpr size_t kCopied = 4096;

  io::Stream& stream_;
  std::string_view head_;
  size_t room_ = 0;  // bytes behind the head
  BodyCoding coding_ = BodyCoding::None;
  io::Then then_ = io::Then::More;
  uint64_t sent_ = 0;
  std::array<std::string_view, io::WriteOp::kPieces> pieces_;
  std::array<char, http::h1::kMaxChunkHead> chunk_head_;
};

}  // namespace fairlead::session
