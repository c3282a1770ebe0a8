// Connected sockets on the loopback, and the far end of one as a test holds it in its hand.
#pragma once

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/ip_address.h"
#include "io/descriptor.h"
#include "io/reactor.h"
#include "io/socket_address.h"
#include "support/drive.h"

namespace fairlead::test {

inline void require(bool holds, const char* what) {
  if (!holds) throw std::system_error(errno, std::generic_category(), what);
}

inline SocketAddress addressOf(int fd) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  require(::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &length) == 0, "getsockname");
  return io::fromKernel(storage);
}

inline SocketAddress loopback(uint16_t port) { return {*IpAddress::parse("127.0.0.1"), port}; }

// Nothing waits for more to come, as on fairlead's own sockets.
inline void sendAtOnce(int fd) {
  const int one = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

struct LocalListener {
  io::Descriptor fd;
  SocketAddress address;

  io::Descriptor accept() const {
    pollfd readable{fd.get(), POLLIN, 0};
    require(::poll(&readable, 1, 20'000) == 1, "poll for a connection");
    io::Descriptor accepted(::accept4(fd.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    require(static_cast<bool>(accepted), "accept4");
    return accepted;
  }
  // Is a connection waiting?
  bool waiting() const {
    pollfd readable{fd.get(), POLLIN, 0};
    return ::poll(&readable, 1, 0) == 1;
  }
};

// On a free port of 127.0.0.1.
inline LocalListener listenLocally(int backlog = 128) {
  io::Descriptor fd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  require(static_cast<bool>(fd), "socket");
  const int one = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  sendAtOnce(fd.get());  // inherited by what is accepted
  const io::KernelAddress at(loopback(0));
  require(::bind(fd.get(), at.get(), at.length()) == 0, "bind");
  require(::listen(fd.get(), backlog) == 0, "listen");
  const SocketAddress address = addressOf(fd.get());
  return {std::move(fd), address};
}

// An address where nobody listens: bound, so that nobody else takes it, but not listening.
struct DeafAddress {
  io::Descriptor fd;
  SocketAddress address;
};
inline DeafAddress deafAddress() {
  io::Descriptor fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const io::KernelAddress at(loopback(0));
  require(::bind(fd.get(), at.get(), at.length()) == 0, "bind");
  const SocketAddress address = addressOf(fd.get());
  return {std::move(fd), address};
}

// Blocking until it stands; the descriptor is non-blocking afterwards.
inline io::Descriptor connectTo(const SocketAddress& address) {
  io::Descriptor fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const io::KernelAddress to(address);
  require(::connect(fd.get(), to.get(), to.length()) == 0, "connect");
  require(::fcntl(fd.get(), F_SETFL, O_NONBLOCK) == 0, "fcntl");
  return fd;
}

struct SocketPair {
  io::Descriptor near;  // for the stream under test
  io::Descriptor far;   // for the test
};

inline SocketPair tcpPair() {
  const LocalListener listener = listenLocally();
  SocketPair pair;
  pair.far = connectTo(listener.address);
  pair.near = listener.accept();
  sendAtOnce(pair.far.get());
  return pair;
}

// Buffers so small that a writer soon has to wait, and large enough for a segment of the loopback.
inline void shrinkBuffers(int fd) {
  const int send = 64 * 1024;
  const int receive = 128 * 1024;
  ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send, sizeof send);
  ::setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive, sizeof receive);
}

// The far end of a connection. No call waits, but those that take a reactor: they turn it
// meanwhile.
class Peer {
 public:
  explicit Peer(io::Descriptor fd) : fd_(std::move(fd)) {}

  int fd() const { return fd_.get(); }

  // As much of it as the kernel takes.
  size_t sendSome(std::string_view bytes) {
    const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return sent > 0 ? static_cast<size_t>(sent) : 0;
  }
  void send(std::string_view bytes) { require(sendSome(bytes) == bytes.size(), "send"); }
  void sendAll(io::Reactor& reactor, std::string_view bytes) {
    runUntil(reactor, [&] {
      bytes.remove_prefix(sendSome(bytes));
      return bytes.empty();
    });
  }

  // All that has come so far.
  const std::string& received() {
    char bytes[16384];
    ssize_t got;
    while ((got = ::recv(fd_.get(), bytes, sizeof bytes, MSG_DONTWAIT)) > 0)
      received_.append(bytes, static_cast<size_t>(got));
    if (got == 0) ended_ = true;
    if (got < 0 && errno == ECONNRESET) reset_ = true;
    return received_;
  }
  void forget() { received_.clear(); }
  const std::string& await(io::Reactor& reactor, size_t bytes) {
    runUntil(reactor, [&] { return received().size() >= bytes || gone(); });
    return received_;
  }
  // Until something that ends like this has come.
  const std::string& awaitEnding(io::Reactor& reactor, std::string_view ending) {
    runUntil(reactor, [&] { return received().ends_with(ending) || gone(); });
    return received_;
  }
  // Until the other side has ended.
  const std::string& awaitEnd(io::Reactor& reactor) {
    runUntil(reactor, [&] {
      received();
      return gone();
    });
    return received_;
  }
  bool ended() const { return ended_; }  // in an orderly way
  bool wasReset() const { return reset_; }
  bool gone() const { return ended_ || reset_; }

  void finish() { ::shutdown(fd_.get(), SHUT_WR); }
  void close() { fd_.close(); }
  // Closes so that the other side sees a reset.
  void reset() {
    const linger hard{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_.get(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    fd_.close();
  }

 private:
  io::Descriptor fd_;
  std::string received_;
  bool ended_ = false;
  bool reset_ = false;
};

}  // namespace fairlead::test
