// Writing that survives full disks, closed pipes and readers that have fallen asleep.
#include "telemetry/log_output.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <utility>

namespace fairlead {
namespace {

constexpr int kPollMillis = 100;
constexpr int kLastWaits = 10;  // of kPollMillis each, once in a hurry

// O_NONBLOCK: a named pipe that nobody reads is an error now, not a start that hangs.
int openForAppending(const std::string& name) {
  return ::open(name.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
                0640);
}

std::string why(const std::string& verb, const std::string& name, const char* reason) {
  return "cannot " + verb + " the log " + name + ": " + reason;
}

bool mayWaitForReader(int fd) {
  struct stat status{};
  if (::fstat(fd, &status) != 0) return false;
  return S_ISFIFO(status.st_mode) || S_ISSOCK(status.st_mode) || S_ISCHR(status.st_mode);
}

}  // namespace

std::expected<LogOutput, std::string> LogOutput::open(const std::string& destination) {
  if (destination == "stdout") return LogOutput(destination, STDOUT_FILENO, false);
  if (destination == "stderr") return LogOutput(destination, STDERR_FILENO, false);
  const int fd = openForAppending(destination);
  if (fd < 0) return std::unexpected(why("open", destination, std::strerror(errno)));
  return LogOutput(destination, fd, true);
}

LogOutput::LogOutput(std::string name, int fd, bool owned)
    : name_(std::move(name)), fd_(fd), owned_(owned), slow_peer_(mayWaitForReader(fd)) {}

LogOutput::LogOutput(LogOutput&& other) noexcept
    : name_(std::move(other.name_)),
      fd_(std::exchange(other.fd_, -1)),
      owned_(other.owned_),
      slow_peer_(other.slow_peer_),
      torn_(other.torn_) {}

LogOutput::~LogOutput() {
  if (owned_ && fd_ >= 0) ::close(fd_);
}

std::string LogOutput::write(std::string_view lines) {
  std::string healed;
  if (torn_) {
    healed = "\n" + std::string(lines);
    lines = healed;
  }
  // A pipe that is writable takes PIPE_BUF bytes at once, without waiting.
  const size_t piece = slow_peer_ ? PIPE_BUF : lines.size();
  while (!lines.empty()) {
    if (slow_peer_ && !waitUntilWritable()) return why("write", name_, "nobody reads it");
    const ssize_t written = ::write(fd_, lines.data(), std::min(piece, lines.size()));
    if (written < 0 && (errno == EINTR || (errno == EAGAIN && slow_peer_))) continue;
    if (written < 0) return why("write", name_, std::strerror(errno));
    if (written > 0) torn_ = lines[static_cast<size_t>(written) - 1] != '\n';
    lines.remove_prefix(static_cast<size_t>(written));
  }
  return "";
}

std::string LogOutput::reopen() {
  if (!owned_) return "";
  const int fresh = openForAppending(name_);
  if (fresh < 0) return why("open", name_, std::strerror(errno));
  ::close(std::exchange(fd_, fresh));
  slow_peer_ = mayWaitForReader(fd_);
  torn_ = false;
  return "";
}

bool LogOutput::waitUntilWritable() {
  while (waits_ < kLastWaits) {
    pollfd entry{.fd = fd_, .events = POLLOUT, .revents = 0};
    if (::poll(&entry, 1, kPollMillis) > 0) return true;
    if (hurry_.load(std::memory_order_relaxed)) ++waits_;
  }
  return false;
}

}  // namespace fairlead
