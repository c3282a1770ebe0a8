// A connected socket: reads and writes that complete, with deadlines; edge-triggered underneath.
#pragma once

#include <sys/uio.h>

#include <array>
#include <coroutine>
#include <span>
#include <string_view>

#include "base/ip_address.h"
#include "base/result.h"
#include "io/pipe_pool.h"
#include "io/reactor.h"

namespace fairlead::io {

class Stream;

// Shared by the two operations: who waits, until when, and what came of it.
class StreamOp {
 public:
  StreamOp(const StreamOp&) = delete;
  StreamOp& operator=(const StreamOp&) = delete;

 protected:
  StreamOp(Stream& stream, TimePoint deadline) : stream_(stream), deadline_(deadline) {}
  ~StreamOp() = default;

  // Goes on at once, failed, when the reactor cannot tell.
  bool failUnwatched();

  friend class Stream;
  Stream& stream_;
  TimePoint deadline_;
  std::coroutine_handle<> waiting_;
  FailureKind failure_ = FailureKind::Internal;
  bool failed_ = false;
};

// co_await gives the bytes read, at least one; an orderly end is FailureKind::Closed.
// With an empty span it only waits until reading would not block, and gives 0. Into a pipe, which
// must be empty, 0 means that the kernel cannot do it with this socket.
class [[nodiscard]] ReadOp : public StreamOp {
 public:
  ReadOp(Stream& stream, std::span<char> into, TimePoint deadline)
      : StreamOp(stream, deadline), into_(into) {}
  ReadOp(Stream& stream, Pipe& into, size_t most, TimePoint deadline)
      : StreamOp(stream, deadline), pipe_(&into), most_(most) {}
  ~ReadOp();
  bool await_ready();
  bool await_suspend(std::coroutine_handle<> waiting);
  Result<size_t> await_resume() const;

 private:
  friend class Stream;
  bool attempt();  // true when complete

  bool attemptPipe();

  std::span<char> into_;
  Pipe* pipe_ = nullptr;  // then `into_` is empty
  size_t most_ = 0;
  size_t count_ = 0;
};

// What this end sends after the bytes of a write. With `End` it is the orderly end, which leaves in
// one segment with the last of them; it is under way when the write completes, so that the bytes
// wait for nothing, whatever becomes of the stream then.
enum class Then : uint8_t { More, End };

// co_await writes everything, or fails. The bytes must stay where they are until then.
// The time allowed begins anew with every byte that moves, but ends at `limit`.
// Without pieces it only waits until writing would not block.
class [[nodiscard]] WriteOp : public StreamOp {
 public:
  static constexpr size_t kPieces = 4;

  WriteOp(Stream& stream, std::span<const std::string_view> pieces, Duration idle, TimePoint limit,
          Then then = Then::More);
  // All that is in the pipe.
  WriteOp(Stream& stream, Pipe& from, Duration idle, TimePoint limit);
  ~WriteOp();
  bool await_ready();
  bool await_suspend(std::coroutine_handle<> waiting);
  Result<void> await_resume() const;

 private:
  friend class Stream;
  bool attempt();
  bool isAllSent() const { return pipe_ ? pipe_->octets() == 0 : first_ == count_; }
  ssize_t push() const;
  void consume(size_t bytes);
  void extendDeadline();

  std::array<iovec, kPieces> pieces_;
  uint32_t first_ = 0;
  uint32_t count_ = 0;
  Pipe* pipe_ = nullptr;
  bool only_wait_;
  Then then_ = Then::More;
  Duration idle_;
  TimePoint limit_;
};

// One connection's bytes, both ways. At most one read and one write at a time; they may belong to
// different coroutines. Dropping a coroutine cancels the operation it waits for. One thread.
class Stream final : public Source {
 public:
  // When a stream is registered with the reactor: at once; or when an operation first waits for it,
  // and after `kLatestWatch` in any case. The second is for streams that have something to read
  // from the beginning and may be over before they ever wait.
  enum class Watch : uint8_t { Now, WhenNeeded };
  static constexpr Duration kLatestWatch = std::chrono::milliseconds(10);

  // Takes the descriptor (non-blocking). `ok` tells whether it could be registered, if it was to
  // be.
  Stream(Reactor& reactor, Descriptor fd, Side side, Watch watch = Watch::Now);
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream();

  bool ok() const { return static_cast<bool>(fd_); }
  int fd() const { return fd_.get(); }
  Reactor& reactor() const { return reactor_; }

  ReadOp read(std::span<char> into, TimePoint deadline) { return {*this, into, deadline}; }
  ReadOp read(Pipe& into, size_t most, TimePoint deadline) { return {*this, into, most, deadline}; }
  // What is here already, as `read`; 0 when there is nothing.
  Result<size_t> readNow(std::span<char> into);
  ReadOp waitReadable(TimePoint deadline) { return {*this, {}, deadline}; }
  WriteOp write(std::span<const std::string_view> pieces, Duration idle, TimePoint limit = kNever,
                Then then = Then::More) {
    return {*this, pieces, idle, limit, then};
  }
  WriteOp write(std::string_view bytes, Duration idle, TimePoint limit = kNever,
                Then then = Then::More) {
    return {*this, {&bytes, 1}, idle, limit, then};
  }
  WriteOp write(Pipe& from, Duration idle, TimePoint limit = kNever) {
    return {*this, from, idle, limit};
  }
  // After startConnect: waits for the connection to stand. await_resume of the op tells only
  // time-outs; `connectResult` then tells whether it stands.
  WriteOp waitConnected(TimePoint deadline) { return {*this, {}, Duration{0}, deadline}; }
  Result<void> connectResult();

  // Of this end; unspecified for a Unix socket. One system call.
  SocketAddress localAddress() const;

  // No more bytes from here; the other direction goes on.
  void shutdownWrite();
  // The peer learns by a reset, and not by an orderly end, that something is missing.
  void resetOnClose();

  // Both directions are dead.
  bool broken() const { return broken_; }
  // Something came, or the peer ended, on a stream that nobody reads: for connections that lie
  // idle.
  bool quiet() const { return !readable_ && !peer_finished_ && !broken_; }
  // The same, but asks the socket: one system call.
  bool provenQuiet() const;
  // Is there, as far as is known, anything to read?
  bool maybeReadable() const { return readable_; }

  // The pending read, if any, completes with this failure now; its coroutine runs inside of this
  // call.
  void failRead(FailureKind kind);
  // The same at the end of the reactor's turn, for a caller whom that coroutine may end.
  void failReadSoon(FailureKind kind);
  // What was to fail soon does not any more.
  void forgiveRead() { interruption_.cancel(); }

  // Told of an idle stream (no pending read). Either call may destroy it.
  class Attendant {
   public:
    // It became readable, ended or broke.
    virtual void onStir(Stream& stream) = 0;
    // It was idle until the time that was given.
    virtual void onIdleEnd(Stream&) {}

   protected:
    ~Attendant() = default;
  };
  // nullptr: nobody is told. Whoever cannot wait until `kLatestWatch` calls `ensureWatched` too.
  void setAttendant(Attendant* attendant, TimePoint idle_until = kNever) {
    attendant_ = attendant;
    idle_until_ = idle_until;
    armFor(idle_until);
  }
  // Registers it unless it is. False: out of memory, and nobody would be told of anything.
  bool ensureWatched() { return watched_ || watch(); }

  void onReady(Readiness readiness) override;

 private:
  friend class ReadOp;
  friend class WriteOp;
  struct Clock : Timer {
    explicit Clock(Stream& stream) : Timer(fire), owner(stream) {}
    static void fire(Timer& timer, TimePoint now) { static_cast<Clock&>(timer).owner.onTime(now); }
    Stream& owner;
  };

  struct Interruption : Errand {
    explicit Interruption(Stream& stream)
        : Errand([](Errand& errand) {
            auto& self = static_cast<Interruption&>(errand);
            self.owner.failRead(self.kind);
          }),
          owner(stream) {}
    Stream& owner;
    FailureKind kind = FailureKind::Internal;
  };

  bool watch();
  void onTime(TimePoint now);
  void armFor(TimePoint deadline);
  Failure failure(FailureKind kind) const { return {.kind = kind, .side = side_}; }

  Reactor& reactor_;
  Descriptor fd_;
  Side side_;
  bool watched_ = false;
  bool readable_ = false;
  bool writable_ = true;
  bool peer_finished_ = false;
  bool broken_ = false;
  bool* destroyed_ = nullptr;  // set while onReady or onTime is on the stack
  ReadOp* reading_ = nullptr;
  WriteOp* writing_ = nullptr;
  Attendant* attendant_ = nullptr;
  TimePoint idle_until_ = kNever;  // as the attendant wants to know
  Clock clock_{*this};
  Interruption interruption_{*this};
};

// While it lives: when the watched stream breaks, the pending read of the other one fails with
// ClientGone, so that a server's answer is not awaited for a client that is not there any more.
class GoneWatch final : Stream::Attendant {
 public:
  GoneWatch(Stream& client, Stream& upstream) : client_(client), upstream_(upstream) {
    client_.setAttendant(this);
  }
  GoneWatch(const GoneWatch&) = delete;
  GoneWatch& operator=(const GoneWatch&) = delete;
  ~GoneWatch() { client_.setAttendant(nullptr); }

 private:
  void onStir(Stream& stream) override {
    if (stream.broken()) upstream_.failRead(FailureKind::ClientGone);
  }
  Stream& client_;
  Stream& upstream_;
};

// A socket whose connection attempt has begun.
Result<Descriptor> startConnect(const SocketAddress& address);

}  // namespace fairlead::io
