// Reads and writes: the call is tried first, and only "would block" waits for the engine.
#include "io/stream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "io/socket_address.h"
#include "io/system_call.h"

namespace fairlead::io {
namespace {

bool wouldBlock(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

// splice(2) is unknown here, forbidden, or not for such a socket.
bool cannotMove(int error) {
  return error == EINVAL || error == ENOSYS || error == EPERM || error == EOPNOTSUPP;
}

FailureKind kindOfConnectError(int error) {
  switch (error) {
    case ECONNREFUSED:
      return FailureKind::ConnectRefused;
    case ETIMEDOUT:
      return FailureKind::ConnectTimeout;
    case EMFILE:
    case ENFILE:
      return FailureKind::NoDescriptors;
    default:
      return FailureKind::ConnectFailed;
  }
}

}  // namespace

bool StreamOp::failUnwatched() {
  failed_ = true;
  return false;
}

// --- reading

ReadOp::~ReadOp() {
  if (stream_.reading_ == this) stream_.reading_ = nullptr;
}

bool ReadOp::await_ready() { return stream_.readable_ && attempt(); }

bool ReadOp::await_suspend(std::coroutine_handle<> waiting) {
  if (!stream_.ensureWatched()) return failUnwatched();
  waiting_ = waiting;
  stream_.reading_ = this;
  stream_.armFor(deadline_);
  return true;
}

Result<size_t> ReadOp::await_resume() const {
  if (failed_) return std::unexpected(stream_.failure(failure_));
  return count_;
}

bool ReadOp::attempt() {
  // Before the stream is registered it is only a guess that there is something to wait for.
  if (into_.empty()) return pipe_ ? attemptPipe() : stream_.watched_;
  const ssize_t got = receiveFrom(stream_.fd(), into_.data(), into_.size());
  if (got > 0) [[likely]] {
    count_ = static_cast<size_t>(got);
    // A short read emptied the socket: what comes later gives a new edge. An end that was seen
    // stays.
    if (count_ < into_.size() && !stream_.peer_finished_) stream_.readable_ = false;
    return true;
  }
  if (got < 0 && wouldBlock(errno)) {
    stream_.readable_ = false;
    return false;
  }
  if (got < 0 && errno == EINTR) return attempt();
  failed_ = true;
  failure_ = got == 0 ? FailureKind::Closed : FailureKind::Reset;
  return true;
}

// Whatever came, there may be more: only "would block" says that the socket is empty.
bool ReadOp::attemptPipe() {
  const ssize_t got = pipe_->fillFrom(stream_.fd(), most_);
  if (got > 0) {
    count_ = static_cast<size_t>(got);
    return true;
  }
  if (got < 0 && wouldBlock(errno)) {
    stream_.readable_ = false;
    return false;
  }
  if (got < 0 && errno == EINTR) return attemptPipe();
  if (got < 0 && cannotMove(errno)) return true;
  failed_ = true;
  failure_ = got == 0 ? FailureKind::Closed : FailureKind::Reset;
  return true;
}

Result<size_t> Stream::readNow(std::span<char> into) {
  ReadOp op(*this, into, kNever);
  if (!op.await_ready()) return 0;
  return op.await_resume();
}

// --- writing

WriteOp::WriteOp(Stream& stream, std::span<const std::string_view> pieces, Duration idle,
                 TimePoint limit, Then then)
    : StreamOp(stream, limit), only_wait_(pieces.empty()), then_(then), idle_(idle), limit_(limit) {
  for (const std::string_view piece : pieces)
    if (!piece.empty()) pieces_[count_++] = {const_cast<char*>(piece.data()), piece.size()};
}

WriteOp::WriteOp(Stream& stream, Pipe& from, Duration idle, TimePoint limit)
    : StreamOp(stream, limit), pipe_(&from), only_wait_(false), idle_(idle), limit_(limit) {}

WriteOp::~WriteOp() {
  if (stream_.writing_ == this) stream_.writing_ = nullptr;
}

bool WriteOp::await_ready() {
  if (only_wait_) return false;
  return (isAllSent() || stream_.writable_) && attempt();
}

bool WriteOp::await_suspend(std::coroutine_handle<> waiting) {
  if (!stream_.ensureWatched()) return failUnwatched();
  waiting_ = waiting;
  stream_.writing_ = this;
  extendDeadline();
  stream_.armFor(deadline_);
  return true;
}

Result<void> WriteOp::await_resume() const {
  if (failed_) return std::unexpected(stream_.failure(failure_));
  return {};
}

void WriteOp::extendDeadline() {
  deadline_ = std::min(limit_, deadlineAfter(stream_.reactor_.now(), idle_));
}

ssize_t WriteOp::push() const {
  if (pipe_) return pipe_->drainTo(stream_.fd());
  const uint32_t left = count_ - first_;
  const iovec& first = pieces_[first_];
  // What does not fill a segment stays in the kernel for the end, which follows at once. It pushes
  // the rest when there is no room for all of it.
  const int flags = then_ == Then::End ? MSG_MORE : 0;
  if (left == 1) return sendTo(stream_.fd(), first.iov_base, first.iov_len, flags);
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(&first);
  message.msg_iovlen = left;
  return sendPieces(stream_.fd(), message, flags);
}

void WriteOp::consume(size_t bytes) {
  while (first_ < count_ && bytes >= pieces_[first_].iov_len) bytes -= pieces_[first_++].iov_len;
  if (bytes > 0) {
    pieces_[first_].iov_base = static_cast<char*>(pieces_[first_].iov_base) + bytes;
    pieces_[first_].iov_len -= bytes;
  }
}

bool WriteOp::attempt() {
  while (!isAllSent()) {
    const ssize_t sent = push();
    if (sent > 0) [[likely]] {
      if (!pipe_) consume(static_cast<size_t>(sent));
      extendDeadline();
      continue;
    }
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && wouldBlock(errno)) {
      stream_.writable_ = false;
      return false;
    }
    failed_ = true;
    failure_ = FailureKind::Reset;
    return true;
  }
  if (then_ == Then::End) stream_.shutdownWrite();
  return true;
}

// --- the stream

Stream::Stream(Reactor& reactor, Descriptor fd, Side side, Watch watch)
    : reactor_(reactor), fd_(std::move(fd)), side_(side) {
  if (watch == Watch::WhenNeeded) {
    readable_ = true;  // worth a try
    armFor(reactor_.now() + kLatestWatch);
  } else if (!ensureWatched()) {
    fd_.close();
  }
}

// From here on there is no guessing: the engine tells what is there already.
bool Stream::watch() {
  readable_ = false;
  return watched_ = reactor_.watch(fd_.get(), *this);
}

Stream::~Stream() {
  if (destroyed_) *destroyed_ = true;
  if (watched_) reactor_.unwatch(fd_.get());
}

void Stream::onReady(Readiness readiness) {
  bool destroyed = false;
  destroyed_ = &destroyed;
  if (readiness.readable) readable_ = true;
  if (readiness.writable) writable_ = true;
  if (readiness.peer_finished) peer_finished_ = true;
  if (readiness.broken) broken_ = true;
  if (readiness.writable && writing_ && writing_->attempt()) {
    std::exchange(writing_, nullptr)->waiting_.resume();
    if (destroyed) return;
  }
  if (readable_ && reading_) {
    if (reading_->attempt()) std::exchange(reading_, nullptr)->waiting_.resume();
    if (destroyed) return;
  } else if (readiness.readable && readable_ && attendant_) {
    attendant_->onStir(*this);
    if (destroyed) return;
  }
  destroyed_ = nullptr;
}

void Stream::onTime(TimePoint now) {
  if (!ensureWatched()) return onReady({.readable = true, .broken = true});
  bool destroyed = false;
  destroyed_ = &destroyed;
  if (writing_ && writing_->deadline_ <= now) {
    WriteOp& op = *std::exchange(writing_, nullptr);
    op.failed_ = true;
    op.failure_ = FailureKind::Timeout;
    op.waiting_.resume();
    if (destroyed) return;
  }
  if (reading_ && reading_->deadline_ <= now) {
    failRead(FailureKind::Timeout);
    if (destroyed) return;
  } else if (!reading_ && attendant_ && idle_until_ <= now) {
    idle_until_ = kNever;
    attendant_->onIdleEnd(*this);
    if (destroyed) return;
  }
  destroyed_ = nullptr;
  if (attendant_) armFor(idle_until_);
  if (reading_) armFor(reading_->deadline_);
  if (writing_) armFor(writing_->deadline_);
}

void Stream::armFor(TimePoint deadline) {
  if (deadline != kNever) reactor_.timers().armBy(clock_, deadline);
}

void Stream::failRead(FailureKind kind) {
  if (!reading_) return;
  ReadOp& op = *std::exchange(reading_, nullptr);
  op.failed_ = true;
  op.failure_ = kind;
  op.waiting_.resume();
}

void Stream::failReadSoon(FailureKind kind) {
  interruption_.kind = kind;
  reactor_.soon(interruption_);
}

Result<void> Stream::connectResult() {
  int error = 0;
  socklen_t length = sizeof error;
  ::getsockopt(fd(), SOL_SOCKET, SO_ERROR, &error, &length);
  if (error != 0) return std::unexpected(failure(kindOfConnectError(error)));
  return {};
}

bool Stream::provenQuiet() const {
  char octet;
  return ::recv(fd(), &octet, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && wouldBlock(errno);
}

SocketAddress Stream::localAddress() const {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  if (::getsockname(fd(), reinterpret_cast<sockaddr*>(&storage), &length) != 0) return {};
  return fromKernel(storage);
}

void Stream::shutdownWrite() { ::shutdown(fd(), SHUT_WR); }

void Stream::resetOnClose() {
  const linger hard{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
}

Result<Descriptor> startConnect(const SocketAddress& address) {
  const auto fail = [](int error) {
    return std::unexpected(
        Failure{.kind = kindOfConnectError(error),
                .step = Step::Connect,
                .side = error == EMFILE || error == ENFILE ? Side::Fairlead : Side::Upstream});
  };
  const KernelAddress to(address);
  Descriptor fd(::socket(to.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return fail(errno);
  const int one = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  ::setsockopt(fd.get(), SOL_SOCKET, SO_KEEPALIVE, &one, sizeof one);
  if (::connect(fd.get(), to.get(), to.length()) != 0 && errno != EINPROGRESS) return fail(errno);
  return fd;
}

}  // namespace fairlead::io
