// The epoll engine: edge-triggered, one registration a descriptor, no call per request but
// epoll_wait.
#include "io/reactor.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "base/fetch_ahead.h"
#include "io/system_call.h"

namespace fairlead::io {
namespace {

constexpr uint64_t kWakeToken = UINT64_MAX;

TimePoint clockNow() { return std::chrono::steady_clock::now(); }

[[noreturn]] void failToStart(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

uint64_t tokenOf(int fd, uint32_t generation) {
  return (uint64_t{generation} << 32) | static_cast<uint32_t>(fd);
}

}  // namespace

Reactor::Reactor()
    : epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      now_(clockNow()),
      timers_(now_),
      meter_(now_) {
  if (!epoll_) failToStart("epoll_create1");
  if (!wake_) failToStart("eventfd");
  epoll_event event{.events = EPOLLIN | EPOLLET, .data = {.u64 = kWakeToken}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), &event) != 0) failToStart("epoll_ctl");
}

Reactor::~Reactor() = default;

void Reactor::refreshNow() { now_ = clockNow(); }

bool Reactor::watch(int fd, Source& source) {
  const auto index = static_cast<size_t>(fd);
  if (index >= registrations_.size()) registrations_.resize(std::max<size_t>(index + 1, 1024));
  Registration& registration = registrations_[index];
  registration.source = &source;
  ++registration.generation;
  epoll_event event{.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET,
                    .data = {.u64 = tokenOf(fd, registration.generation)}};
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0) return true;
  registration.source = nullptr;
  return false;
}

void Reactor::unwatch(int fd) {
  // close() takes the descriptor out of epoll; events already collected carry an old generation.
  Registration& registration = registrations_[static_cast<size_t>(fd)];
  registration.source = nullptr;
  ++registration.generation;
}

void Reactor::run() {
  while (!stopping_.load(std::memory_order_relaxed)) turn(std::chrono::hours(1));
}

void Reactor::stop() {
  stopping_.store(true, std::memory_order_relaxed);
  wake();
}

void Reactor::wake() {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(wake_.get(), &one, sizeof one);
}

int Reactor::waitMilliseconds(Duration longest) const {
  if (errands_ || due_errands_) return 0;
  Duration wait = longest;
  if (const auto next = timers_.next()) wait = std::min(wait, std::max(Duration{0}, *next - now_));
  const auto milliseconds = (wait.count() + 999'999) / 1'000'000;
  return static_cast<int>(std::min<Duration::rep>(milliseconds, 3'600'000));
}

void Reactor::turn(Duration longest) {
  epoll_event events[kEventsPerTurn];
  const int count = waitForEvents(epoll_.get(), events, kEventsPerTurn, waitMilliseconds(longest));
  refreshNow();
  meter_.begin(now_);
  for (int i = 0; i < count; ++i) fetchSource(events[i].data.u64);
  for (int i = 0; i < count; ++i) dispatch(events[i].data.u64, events[i].events);
  timers_.advance(now_, kTimersPerTurn);
  runErrands();
  meter_.end(clockNow());
}

// All at once, so that the later ones are here when their turn comes.
void Reactor::fetchSource(uint64_t token) const {
  static constexpr size_t kBegin = 4 * kCacheLine;
  if (token == kWakeToken) return;
  fetchAhead(registrations_[static_cast<uint32_t>(token)].source, kBegin);
}

void Reactor::dispatch(uint64_t token, uint32_t events) {
  if (token == kWakeToken) {
    uint64_t count;
    [[maybe_unused]] const ssize_t got = ::read(wake_.get(), &count, sizeof count);
    return;
  }
  const Registration& registration = registrations_[static_cast<uint32_t>(token)];
  if (registration.generation != static_cast<uint32_t>(token >> 32) || !registration.source) return;
  registration.source->onReady(
      {.readable = (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) != 0,
       .writable = (events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0,
       .peer_finished = (events & (EPOLLRDHUP | EPOLLHUP)) != 0,
       .broken = (events & (EPOLLHUP | EPOLLERR)) != 0});
}

void Reactor::soon(Errand& errand) {
  errand.cancel();
  errand.next_ = errands_;
  errand.previous_ = &errands_;
  if (errands_) errands_->previous_ = &errand.next_;
  errands_ = &errand;
}

void Reactor::runErrands() {
  // Moved to a list of its own, so that errands added meanwhile wait for the next turn.
  if (!due_errands_) {
    due_errands_ = std::exchange(errands_, nullptr);
    if (due_errands_) due_errands_->previous_ = &due_errands_;
  }
  for (size_t left = kErrandsPerTurn; due_errands_ && left > 0; --left) {
    Errand& errand = *due_errands_;
    errand.cancel();
    errand.run_(errand);
  }
}

}  // namespace fairlead::io
