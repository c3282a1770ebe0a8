// A listening socket: hands out accepted connections, one by one or as they come.
#pragma once

#include <coroutine>
#include <optional>
#include <string>

#include "base/ip_address.h"
#include "base/result.h"
#include "io/reactor.h"

namespace fairlead::io {

// So many connections may wait to be accepted, at each listener.
inline constexpr int kBacklog = 4096;

struct Accepted {
  Descriptor fd;
  SocketAddress peer;  // unspecified for a Unix socket
};

// Where to listen. `any` is all addresses of both families.
struct ListenAddress {
  SocketAddress address;
  bool any = false;
  std::string unix_path;  // not empty: a Unix socket, and the rest is unused

  std::string text() const;
};

// Opens a listening socket. With `Share::Yes` several workers may each open one for the same
// address (SO_REUSEPORT). On failure the errno.
enum class Share : uint8_t { No, Yes };
std::expected<Descriptor, int> openListener(const ListenAddress& address, Share share);

class Listener final : public Source {
 public:
  Listener(Reactor& reactor, Descriptor fd);
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  ~Listener();

  // Holds back: a TCP connection is accepted as soon as it has sent something or ended, so that it
  // is accepted and read in one go; or after `kLongestSilence`. Without, as from the beginning, as
  // soon as it stands; who is held back then comes at the end of that time. Unix sockets do not.
  static constexpr Duration kLongestSilence = std::chrono::seconds(1);
  void holdBackSilent(bool does);

  // co_await listener.accept(): the next connection, or NoDescriptors when the process has none
  // left (then wait a little before the next call). One waiter.
  class [[nodiscard]] AcceptOp {
   public:
    explicit AcceptOp(Listener& listener) : listener_(listener) {}
    AcceptOp(const AcceptOp&) = delete;
    AcceptOp& operator=(const AcceptOp&) = delete;
    ~AcceptOp() {
      if (listener_.accepting_ == this) listener_.accepting_ = nullptr;
    }
    bool await_ready() { return listener_.acceptable_ && attempt(); }
    void await_suspend(std::coroutine_handle<> waiting) {
      waiting_ = waiting;
      listener_.accepting_ = this;
    }
    Result<Accepted> await_resume() { return std::move(result_); }

   private:
    friend class Listener;
    bool attempt();
    Listener& listener_;
    std::coroutine_handle<> waiting_;
    Result<Accepted> result_ = std::unexpected(Failure{});
  };
  AcceptOp accept() { return AcceptOp(*this); }
  // A connection that waits already, without waiting for one.
  std::optional<Accepted> acceptNow();

  void onReady(Readiness readiness) override;

 private:
  Reactor& reactor_;
  Descriptor fd_;
  bool acceptable_ = true;
  AcceptOp* accepting_ = nullptr;
};

}  // namespace fairlead::io
