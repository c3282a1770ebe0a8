// The writer's loop: sleep until a ring is half full or 200 ms are over, render, write in large
// pieces.
#include "telemetry/access_log.h"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <csignal>
#include <utility>

namespace fairlead {
namespace {

constexpr int kLongestSleepMillis = 200;
constexpr size_t kWriteBytes = 128 * 1024;
constexpr Duration kComplainEvery = std::chrono::seconds(10);

// A closed pipe must be an error of the call (EPIPE), and every other signal is the main thread's.
void blockAllSignals() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace

bool AccessLog::Lane::record(const AccessRecord& record) {
  char* const room = ring_.reserve(packedSize(record));
  if (room != nullptr) {
    pack(record, room);
    ring_.commit();
  } else {
    dropped_.store(dropped_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
  if (ring_.isHalfFull() && !wake_asked_.load(std::memory_order_relaxed)) {
    wake_asked_.store(true, std::memory_order_relaxed);
    log_.wake();
  }
  return room != nullptr;
}

std::expected<std::unique_ptr<AccessLog>, std::string> AccessLog::open(const Options& options,
                                                                       Log& diagnostics) {
  if (options.destination == "off")
    return std::unique_ptr<AccessLog>(new AccessLog(std::nullopt, options, diagnostics));
  auto output = LogOutput::open(options.destination);
  if (!output) return std::unexpected(output.error());
  return std::unique_ptr<AccessLog>(new AccessLog(std::move(*output), options, diagnostics));
}

AccessLog::AccessLog(std::optional<LogOutput> output, const Options& options, Log& diagnostics)
    : output_(std::move(output)),
      diagnostics_(diagnostics),
      wake_fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!isOn()) return;
  for (size_t i = 0; i < options.lanes; ++i)
    lanes_.push_back(std::make_unique<Lane>(*this, options.lane_bytes));
  lines_.reserve(kWriteBytes + 4 * kLongestLoggedText);
  writer_ = std::thread([this] { writeUntilStopped(); });
}

void AccessLog::reopen() {
  reopen_asked_.store(true, std::memory_order_release);
  wake();
}

void AccessLog::stopSoon() {
  if (!isOn()) return;
  stopping_.store(true, std::memory_order_release);
  output_->hurry();
  wake();
}

void AccessLog::stop() {
  if (writer_.joinable()) {
    stopSoon();
    writer_.join();
  }
  if (wake_fd_ >= 0) ::close(std::exchange(wake_fd_, -1));
}

uint64_t AccessLog::dropped() const {
  uint64_t sum = lost_in_writing_.load(std::memory_order_relaxed);
  for (const auto& lane : lanes_) sum += lane->dropped_.load(std::memory_order_relaxed);
  return sum;
}

// Without an eventfd (descriptors ran out at the start) the writer still comes every 200 ms.
void AccessLog::wake() {
  if (wake_fd_ >= 0) ::eventfd_write(wake_fd_, 1);
}

void AccessLog::writeUntilStopped() {
  blockAllSignals();
  while (!stopping_.load(std::memory_order_acquire)) {
    sleepUntilNeeded();
    reopenIfAsked();
    drain();
  }
  drain();
}

void AccessLog::sleepUntilNeeded() {
  pollfd entry{.fd = wake_fd_, .events = POLLIN, .revents = 0};
  if (::poll(&entry, 1, kLongestSleepMillis) <= 0) return;
  eventfd_t count;
  ::eventfd_read(wake_fd_, &count);
}

void AccessLog::drain() {
  for (const auto& lane : lanes_) drain(*lane);
  flush();
}

void AccessLog::drain(Lane& lane) {
  lane.wake_asked_.store(false, std::memory_order_relaxed);
  while (const auto packed = lane.ring_.front()) {
    appendJsonLine(lines_, unpack(*packed));
    ++line_count_;
    lane.ring_.pop();
    if (lines_.size() >= kWriteBytes) flush();
  }
}

void AccessLog::flush() {
  if (lines_.empty()) return;
  const std::string failure = output_->write(lines_);
  if (!failure.empty()) {
    write_failures_.fetch_add(1, std::memory_order_relaxed);
    lost_in_writing_.fetch_add(line_count_, std::memory_order_relaxed);
    diagnostics_.every(write_failed_, kComplainEvery, Log::Level::Error, "{}; lines are lost",
                       failure);
  }
  lines_.clear();
  line_count_ = 0;
}

void AccessLog::reopenIfAsked() {
  if (!reopen_asked_.exchange(false, std::memory_order_acq_rel)) return;
  drain();
  const std::string failure = output_->reopen();
  if (!failure.empty()) diagnostics_.error("{}; the old file stays open", failure);
}

}  // namespace fairlead
