// Listening sockets.
#include "io/listener.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

#include "io/socket_address.h"

namespace fairlead::io {
namespace {

// Options that accepted sockets inherit, so that no accept needs a call for them.
void setOptions(int fd, int family, const ListenAddress& address, Share share) {
  const int one = 1;
  const int zero = 0;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (share == Share::Yes) ::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
  if (family == AF_INET6)
    ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, address.any ? &zero : &one, sizeof one);
}

std::expected<Descriptor, int> openAt(const ListenAddress& address, const KernelAddress& at,
                                      Share share) {
  Descriptor fd(::socket(at.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return std::unexpected(errno);
  if (at.family() != AF_UNIX) setOptions(fd.get(), at.family(), address, share);
  if (::bind(fd.get(), at.get(), at.length()) != 0) return std::unexpected(errno);
  if (::listen(fd.get(), kBacklog) != 0) return std::unexpected(errno);
  return fd;
}

bool isTransient(int error) {
  return error == EINTR || error == ECONNABORTED || error == EPROTO || error == EPERM;
}

}  // namespace

std::string ListenAddress::text() const {
  if (!unix_path.empty()) return "unix:" + unix_path;
  if (any) return "*:" + std::to_string(address.port);
  return address.text();
}

std::expected<Descriptor, int> openListener(const ListenAddress& address, Share share) {
  if (!address.unix_path.empty())
    return openAt(address, KernelAddress::unixPath(address.unix_path), share);
  if (!address.any) return openAt(address, KernelAddress(address.address), share);
  auto both =
      openAt(address, KernelAddress(SocketAddress{IpAddress(), address.address.port}), share);
  if (both || both.error() != EAFNOSUPPORT) return both;
  // A kernel without IPv6.
  return openAt(address, KernelAddress(SocketAddress{IpAddress::v4(0), address.address.port}),
                share);
}

Listener::Listener(Reactor& reactor, Descriptor fd) : reactor_(reactor), fd_(std::move(fd)) {
  if (!reactor_.watch(fd_.get(), *this)) fd_.close();
}

Listener::~Listener() {
  if (fd_) reactor_.unwatch(fd_.get());
}

// TCP_DEFER_ACCEPT: after this time the kernel asks the client once more, and believes its answer.
void Listener::holdBackSilent(bool does) {
  constexpr auto kTime = std::chrono::duration_cast<std::chrono::seconds>(kLongestSilence);
  const int seconds = does ? static_cast<int>(kTime.count()) : 0;
  ::setsockopt(fd_.get(), IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, sizeof seconds);
}

bool Listener::AcceptOp::attempt() {
  for (;;) {
    sockaddr_storage peer;
    socklen_t length = sizeof peer;
    Descriptor fd(::accept4(listener_.fd_.get(), reinterpret_cast<sockaddr*>(&peer), &length,
                            SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (fd) {
      result_ = Accepted{std::move(fd), fromKernel(peer)};
      return true;
    }
    if (isTransient(errno)) continue;
    if (errno == EAGAIN) {
      listener_.acceptable_ = false;
      return false;
    }
    const bool exhausted =
        errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
    result_ = std::unexpected(
        Failure{.kind = exhausted ? FailureKind::NoDescriptors : FailureKind::Internal});
    return true;
  }
}

std::optional<Accepted> Listener::acceptNow() {
  AcceptOp op(*this);
  if (!op.attempt() || !op.result_) return std::nullopt;
  return std::move(*op.result_);
}

void Listener::onReady(Readiness readiness) {
  if (!readiness.readable) return;
  acceptable_ = true;
  if (accepting_ && accepting_->attempt()) std::exchange(accepting_, nullptr)->waiting_.resume();
}

}  // namespace fairlead::io
