// A message body as it arrives: framing taken off, in pieces that are views of the receive window.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "http/h1/chunked.h"
#include "http/semantics.h"
#include "io/stream.h"
#include "session/receive_window.h"

namespace fairlead::session {

// One for each direction of a connection. `side` is whose fault malformed bytes are.
class BodyReader {
 public:
  BodyReader(io::Stream& stream, ReceiveWindow& window, Side side)
      : stream_(stream), window_(window), side_(side) {}

  // After the head was pinned in the window. `limit`: more octets than that are TooLarge.
  void begin(http::Framing framing, uint64_t limit = UINT64_MAX);

  struct Piece {
    std::string_view data;  // valid until the next take or fill
    bool last = false;      // nothing follows; `trailerLines` is complete
  };
  // What is here already. An empty piece that is not the last means: fill first.
  Result<Piece> take();

  // co_await fill(deadline): receives more.
  class [[nodiscard]] FillOp : public io::ReadOp {
   public:
    FillOp(BodyReader& body, TimePoint deadline)
        : ReadOp(body.stream_, body.window_.largeRoom(), deadline), body_(body) {}
    Result<void> await_resume() { return body_.onFilled(ReadOp::await_resume()); }

   private:
    BodyReader& body_;
  };
  FillOp fill(TimePoint deadline) {
    filled_ = true;  // from here on the window moves on: no way back
    return {*this, deadline};
  }

  // Octets to come that are not here yet and need no look at them: a pipe may take them past the
  // window. UINT64_MAX: until the connection ends. Zero while there is something to take.
  uint64_t unseen() const;
  // co_await fill(pipe, most, deadline): moves some of them, at most `unseen()`, into a pipe that
  // is empty. Zero: the kernel cannot; `fill` goes on.
  class [[nodiscard]] PipeOp : public io::ReadOp {
   public:
    PipeOp(BodyReader& body, io::Pipe& pipe, size_t most, TimePoint deadline)
        : ReadOp(body.stream_, pipe, most, deadline), body_(body) {}
    Result<size_t> await_resume() { return body_.onPassed(ReadOp::await_resume()); }

   private:
    BodyReader& body_;
  };
  PipeOp fill(io::Pipe& pipe, size_t most, TimePoint deadline) {
    filled_ = true;
    return {*this, pipe, most, deadline};
  }

  bool finished() const { return finished_; }
  // Octets of content so far, without framing.
  uint64_t octets() const { return octets_; }
  http::Framing framing() const { return framing_; }
  std::string_view trailerLines() const;

  // Is the whole body within the window, so that it can be read again after `rewind`?
  bool rewindable() const { return !filled_ && framing_.kind != http::Framing::Kind::Chunked; }
  // While it is: the octets that `take` gave, until the next fill.
  std::string_view taken() const {
    const char* const end = octets_ == 0 ? nullptr : window_.unread().data();
    return {end ? end - octets_ : end, static_cast<size_t>(octets_)};
  }
  void rewind();

 private:
  Result<void> onFilled(Result<size_t> got);
  Result<size_t> onPassed(Result<size_t> got);
  void receiveWhatFollows();
  Result<Piece> takeLength();
  Result<Piece> takeChunked();
  Failure failure(FailureKind kind) const;

  io::Stream& stream_;
  ReceiveWindow& window_;
  Side side_;
  http::Framing framing_;
  http::h1::ChunkedDecoder decoder_;
  uint64_t left_ = 0;
  uint64_t octets_ = 0;
  uint64_t limit_ = UINT64_MAX;
  bool finished_ = true;
  bool filled_ = false;
  bool ended_ = false;  // UntilClose: the peer has ended
};

}  // namespace fairlead::session
