// A message on its way out: the head and the first octets of the body leave in one write.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "http/h1/chunked.h"
#include "io/stream.h"

namespace fairlead::session {

// How the body's end is told to the receiver.
enum class BodyCoding : uint8_t { None, Identity, Chunked };

class BodyWriter {
 public:
  explicit BodyWriter(io::Stream& stream) : stream_(stream) {}

  // The head waits for the first piece. Its bytes must stay until that is written.
  void begin(std::string_view head, BodyCoding coding) {
    head_ = head;
    coding_ = coding;
    sent_ = 0;
  }
  bool headPending() const { return !head_.empty(); }
  // Bytes given to the kernel, framing included.
  uint64_t bytesSent() const { return sent_; }
  io::Stream& stream() const { return stream_; }

  // co_await write(...): the pending head, the data, and after the last piece the end of the coding.
  // `trailer_lines` are used with the last piece of a chunked body; `trailer_end` must be
  // `makeTrailer(...)` of them when there are any.
  io::WriteOp write(std::string_view data, bool last, std::string_view trailer_end, Duration idle,
                    TimePoint limit) {
    compose(data, last, trailer_end);
    return stream_.write(pieces_, idle, limit);
  }
  io::WriteOp writeHead(Duration idle, TimePoint limit) { return write({}, false, {}, idle, limit); }

 private:
  void compose(std::string_view data, bool last, std::string_view trailer_end) {
    pieces_ = {head_, {}, data, {}};
    head_ = {};
    if (coding_ == BodyCoding::Chunked) frame(data, last, trailer_end);
    for (const std::string_view piece : pieces_) sent_ += piece.size();
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

  io::Stream& stream_;
  std::string_view head_;
  BodyCoding coding_ = BodyCoding::None;
  uint64_t sent_ = 0;
  std::array<std::string_view, io::WriteOp::kPieces> pieces_;
  std::array<char, http::h1::kMaxChunkHead> chunk_head_;
};

}  // namespace fairlead::session
