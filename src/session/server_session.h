// The client's side of an HTTP/1.1 connection: hands out one exchange after the other.
#pragma once

#include <memory>

#include "base/intrusive_list.h"
#include "http/h1/parser.h"
#include "io/buffer_pool.h"
#include "io/proxy_protocol.h"
#include "io/stream.h"
#include "session/body_reader.h"
#include "session/body_writer.h"
#include "session/exchange.h"
#include "session/receive_window.h"
#include "task/task.h"

namespace fairlead::session {

// Zero means "no limit". Lives as long as the sessions that use it.
struct ServerLimits {
  http::h1::HeadLimits head;
  Duration head_time{std::chrono::seconds(10)};  // for the whole head, from its first byte
  Duration idle_time{std::chrono::seconds(75)};  // before its first byte
};

class ServerSession;

// What all sessions of a worker share. Outlives them; one thread.
struct ClientSide {
  io::BufferPool& buffers;
  ExchangePool& exchanges;
  const ServerLimits& limits;
  IntrusiveList<ServerSession>
      idle;               // waiting for a request; the one that waits longest is the last
  bool draining = false;  // every exchange is the last of its connection
};

// What outlasts a session: between two exchanges, with nothing received, one may end and another
// begin on the same connection.
struct Standing {
  explicit Standing(const ServerLimits& limits) : idle_time(limits.idle_time) {}

  Duration idle_time;   // how long to wait for the next request
  bool served = false;  // a request has begun on this connection
  // Where the client connected to, if it was told or asked for. Seldom, so it lies elsewhere.
  std::unique_ptr<SocketAddress> destination;
};

// HTTP/1.1 over a client's connection. Owned by the coroutine that serves it; one thread.
class ServerSession : public IntrusiveNode<ServerSession> {
 public:
  ServerSession(io::Stream& stream, ClientSide& side, Standing& standing);

  enum class Next : uint8_t {
    Request,  // `exchange` holds a head that was parsed and vetted
    Refused,  // `exchange` holds as much of it as was understood, and the fault: answer it and
              // close
    End,      // the client has ended, was silent for too long, or the session was dismissed
    Nothing,  // of tryNext: no byte has come, and the session holds nothing
    Partly,   // of tryNext: a head has begun; `finishHead` goes on with it
  };
  // The next exchange as far as that needs no waiting. The views of the last one are void from here
  // on. `exchange` is lent when there is a first byte.
  Next tryNext(ExchangePool::Lease& exchange);
  // After Partly: Request, Refused or End.
  Task<Next> finishHead(Exchange& exchange);
  // Both, and the waiting for the first byte: Request, Refused or End.
  Task<Next> nextExchange(ExchangePool::Lease& exchange);

  // Before the first exchange: the PROXY header that the connection begins with, complete or
  // malformed; what follows it is left for the exchanges. A failure when none came within the time
  // for a head.
  Task<Result<io::ProxyHeader>> readProxyHeader();
  // Where the client connected to: what a PROXY header told, else this end of the socket, which is
  // asked once.
  const SocketAddress& destination();

  // The body of the current request.
  BodyReader& body() { return body_; }
  BodyWriter& writer() { return writer_; }
  io::Stream& stream() { return stream_; }
  // What was received and not used: for a tunnel, which takes the connection over.
  ReceiveWindow& window() { return window_; }

  // Ends a session that waits for a request.
  void dismiss() { stream_.failRead(FailureKind::Draining); }
  // How long to wait for the next request, when the last one's route says so.
  void setIdleTime(Duration span) { standing_.idle_time = span; }
  // The current exchange is the last.
  bool draining() const { return side_.draining; }

  // Keeps the client waiting, without exchange and without a borrowed buffer. What it sends
  // meanwhile is thrown away. False: it has ended the connection.
  Task<bool> keepWaiting(Duration wait);
  // Ends the connection so that the last answer reaches a client that still sends: no more bytes
  // from here, and what comes is read and thrown away for a short time (RFC 9112 section 9.6).
  Task<void> closeLingering();

 private:
  Task<bool> awaitFirstByte(Duration patience);
  Next parse(Exchange& exchange);
  Next vet(Exchange& exchange);

  io::Stream& stream_;
  ClientSide& side_;
  Standing& standing_;
  ReceiveWindow window_;
  http::h1::RequestParser parser_;
  BodyReader body_;
  BodyWriter writer_;
};

}  // namespace fairlead::session
