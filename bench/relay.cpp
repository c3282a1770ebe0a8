// The floor of the benchmark: a relay of bytes between two TCP connections that understands nothing
// of them, with the fewest system calls that readiness (epoll) allows.
//
//   bench_relay PORT ORIGIN_PORT
//
// One thread; one connection to the origin for each client, opened when the client comes. A side
// that is not writable stops the other from being read.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace {

constexpr size_t kReadBytes = 64 * 1024;

sockaddr_in loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// One of the two connections of a pair.
struct Side {
  int fd = -1;
  Side* other = nullptr;
  std::string unsent{};      // bytes for this side that its socket did not take
  bool end_is_near = false;  // the kernel has its end: read on until it comes
  bool has_ended = false;    // it sent its end; everything has been passed on
  bool over = false;         // both sides are closed; freed at the end of the turn
};

class Relay {
 public:
  Relay(uint16_t port, uint16_t origin_port)
      : epoll_(::epoll_create1(0)), origin_(loopback(origin_port)), listener_(listenOn(port)) {
    epoll_event event{.events = EPOLLIN, .data = {.ptr = nullptr}};
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, listener_, &event);
  }

  [[noreturn]] void serve() {
    std::array<epoll_event, 256> events;
    for (;;) {
      const int count = ::epoll_wait(epoll_, events.data(), events.size(), -1);
      for (int i = 0; i < count; ++i) {
        const epoll_event& event = events[static_cast<size_t>(i)];
        auto* const side = static_cast<Side*>(event.data.ptr);
        if (side == nullptr)
          acceptAll();
        else if (!side->over)
          turn(*side, event.events);
      }
      for (Side* side : finished_) delete side;
      finished_.clear();
    }
  }

 private:
  static int listenOn(uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const sockaddr_in address = loopback(port);
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(fd, 4096) != 0) {
      std::perror("relay: listen");
      std::exit(3);
    }
    return fd;
  }

  void acceptAll() {
    for (;;) {
      const int client = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK);
      if (client < 0) return;
      const int server = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
      ::connect(server, reinterpret_cast<const sockaddr*>(&origin_), sizeof origin_);
      auto* const near = new Side{.fd = client};
      auto* const far = new Side{.fd = server, .other = near};
      near->other = far;
      add(*near);
      add(*far);
    }
  }

  // Edge-triggered and registered once: a turn reads until there is no more.
  void add(Side& side) const {
    const int on = 1;
    ::setsockopt(side.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data = {.ptr = &side}};
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, side.fd, &event);
  }

  void turn(Side& side, uint32_t events) {
    bool alive = (events & EPOLLERR) == 0;
    if (alive && (events & EPOLLOUT) != 0 && !side.unsent.empty())
      alive = flush(side) && (!side.unsent.empty() || pump(*side.other));
    if ((events & (EPOLLRDHUP | EPOLLHUP)) != 0) side.end_is_near = true;
    if (alive && (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP)) != 0) alive = pump(side);
    if (!alive) closeBoth(side);
  }

  // Reads from `from` and writes to the other side, until there is nothing more or it does not take
  // it.
  bool pump(Side& from) {
    while (from.other->unsent.empty() && !from.has_ended) {
      const ssize_t count = ::read(from.fd, buffer_.data(), buffer_.size());
      if (count < 0) return errno == EAGAIN || errno == EINTR;
      if (count == 0) {
        from.has_ended = true;
        ::shutdown(from.other->fd, SHUT_WR);
        return !from.other->has_ended;
      }
      if (!pass(*from.other, static_cast<size_t>(count))) return false;
      const bool was_all = static_cast<size_t>(count) < buffer_.size();
      if (was_all && !from.end_is_near) return true;  // the next edge tells of more
    }
    return true;
  }

  // A connection that is still being opened does not take anything either: ENOTCONN or EAGAIN.
  bool pass(Side& to, size_t count) {
    const ssize_t sent = ::send(to.fd, buffer_.data(), count, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN && errno != ENOTCONN) return false;
    const size_t taken = sent < 0 ? 0 : static_cast<size_t>(sent);
    to.unsent.append(buffer_.data() + taken, count - taken);
    return true;
  }

  static bool flush(Side& side) {
    const ssize_t sent = ::send(side.fd, side.unsent.data(), side.unsent.size(), MSG_NOSIGNAL);
    if (sent < 0) return errno == EAGAIN;
    side.unsent.erase(0, static_cast<size_t>(sent));
    return true;
  }

  void closeBoth(Side& side) {
    for (Side* one : {&side, side.other}) {
      ::close(one->fd);
      one->over = true;
      finished_.push_back(one);
    }
  }

  int epoll_;
  sockaddr_in origin_;
  int listener_;
  std::vector<char> buffer_ = std::vector<char>(kReadBytes);
  std::vector<Side*> finished_;  // events of this turn may still name them
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: bench_relay PORT ORIGIN_PORT\n", stderr);
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  Relay(static_cast<uint16_t>(std::atoi(argv[1])), static_cast<uint16_t>(std::atoi(argv[2])))
      .serve();
}
