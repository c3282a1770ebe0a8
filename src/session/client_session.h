// The server's side of an HTTP/1.1 connection: sends a request, reads the response's head, lends
// its body.
#pragma once

#include "http/h1/parser.h"
#include "io/buffer_pool.h"
#include "io/stream.h"
#include "session/body_reader.h"
#include "session/body_writer.h"
#include "session/receive_window.h"
#include "task/task.h"

namespace fairlead::session {

// One connection to a server, used for one exchange at a time. One thread.
class ClientSession {
 public:
  ClientSession(io::Reactor& reactor, io::Descriptor fd, io::BufferPool& buffers,
                const http::h1::HeadLimits& limits);

  io::Stream& stream() { return stream_; }
  BodyReader& body() { return body_; }
  BodyWriter& writer() { return writer_; }

  // Before a request: whatever the last response left behind must be nothing.
  void startExchange() {
    window_.startMessage();
    answered_ = false;
  }

  // The next response head, interim ones (1xx) included, as far as it is here: true when it is
  // complete, false when more has to be received.
  Result<bool> tryHead(http::ResponseHead& head);

  // More of a head: to be called with what `co_await stream().waitReadable(deadline)` gave. A
  // time-out leaves the session as it was: one may wait again, with another deadline.
  Result<void> receive(const Result<size_t>& waited);
  // All three, until the head is complete.
  Task<Result<void>> readHead(http::ResponseHead& head, TimePoint deadline);
  // After a final head, before its hop-by-hop fields are removed: the body begins; its framing
  // depends on the request.
  Result<void> beginBody(const http::ResponseHead& head, http::Method request_method);

  // Has any byte of a response come since startExchange?
  bool answered() const { return answered_ || !window_.empty(); }
  // The exchange is over and left nothing behind: may the connection carry another?
  bool reusable() const;
  // How long the server says that it keeps an idle connection (`Keep-Alive: timeout=N`); zero: not
  // said.
  Duration announcedIdle() const { return announced_idle_; }
  // Gives back the buffer of a connection that lies idle; whoever had it has no word in it any
  // more.
  void rest() {
    window_.startMessage();
    stream_.forgiveRead();
  }
  // What was received beyond the head of a 101.
  ReceiveWindow& window() { return window_; }

 private:
  io::Stream stream_;
  ReceiveWindow window_;
  BodyReader body_;
  BodyWriter writer_;
  http::h1::ResponseParser parser_;
  Duration announced_idle_{0};
  bool answered_ = false;
  bool in_head_ = false;
  bool keep_alive_ = false;
};

}  // namespace fairlead::session
