// What can go wrong, as values: the one error that crosses rooms, and the type that carries it.
#pragma once

#include <cstdint>
#include <expected>
#include <string_view>

namespace fairlead {

// What happened. error_page.cpp is the only place that turns one of these into a status code.
enum class FailureKind : uint8_t {
  ConnectRefused,  // the server's host answered, nobody listens
  ConnectTimeout,  // no answer within timeouts.connect
  ConnectFailed,   // unreachable, no route, name unresolved ...
  NoDescriptors,   // fairlead itself is out of file descriptors
  Closed,          // the peer closed in an orderly way where more was needed
  Reset,           // the peer reset the connection, or a write found it gone
  Timeout,         // the peer was silent, or too slow, for longer than it may
  TooSlow,         // the peer moved bytes, but fewer than the minimum average rate
  Malformed,       // bytes that RFC 9112 does not allow
  TooLarge,        // over a limit of size
  NoServer,        // no server of the pool may be chosen
  Overloaded,      // as many requests are in flight as may be, and there is no queue
  QueueFull,       // ... and as many wait as may
  QueueTimeout,    // waited in the queue for as long as one may
  Shed,            // made way for requests of a higher priority
  BreakerOpen,     // the pool's circuit breaker is open
  Overtaken,       // another attempt of the same request answered first
  ClientGone,      // the client's connection is dead: nobody waits for the answer
  Deadline,        // timeouts.total is over
  Draining,        // the process stops and its grace is over
  Unsupported,     // a protocol step that the peer asked for and nobody here can do
  Internal,        // a bug or an exhausted resource of fairlead's own
};

// Where on the way of a request it happened.
enum class Step : uint8_t {
  RequestHead,
  RequestBody,
  Route,
  Choose,
  Connect,
  Send,
  ResponseHead,
  ResponseBody,
  Tunnel
};

// Whose side it happened on.
enum class Side : uint8_t { Client, Upstream, Fairlead };

// What may be tried next, as far as the transport can tell; RetryPolicy has the last word.
enum class Retry : uint8_t { Never, AnotherServer, FreshConnection };

struct Failure {
  FailureKind kind = FailureKind::Internal;
  Step step = Step::Route;
  Side side = Side::Fairlead;
  Retry retry = Retry::Never;

  friend bool operator==(const Failure&, const Failure&) = default;
};

template <typename T>
using Result = std::expected<T, Failure>;

// Stable words for logs and tests, for example "connect_refused".
std::string_view nameOf(FailureKind kind);
std::string_view nameOf(Step step);
std::string_view nameOf(Side side);

}  // namespace fairlead
