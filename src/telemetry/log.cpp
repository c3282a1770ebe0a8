// A line is put together first and written with one call, so that threads never mix their lines.
#include "telemetry/log.h"

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <iterator>

#include "base/timestamp.h"

namespace fairlead {
namespace {

constexpr std::array<std::string_view, 4> kLevelNames = {"debug", "info ", "warn ", "error"};

void appendTime(fmt::memory_buffer& line) {
  char text[kTimestampText];
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  formatTimestamp(std::chrono::duration_cast<std::chrono::microseconds>(now), text);
  line.append(text, text + sizeof text);
}

void appendOneLine(fmt::memory_buffer& line, std::string_view message) {
  for (const char c : message) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
      fmt::format_to(std::back_inserter(line), "\\x{:02x}", static_cast<unsigned char>(c));
    else
      line.push_back(c);
  }
}

bool wouldWait(int fd) {
  pollfd entry{.fd = fd, .events = POLLOUT, .revents = 0};
  return ::poll(&entry, 1, 0) == 0;
}

}  // namespace

bool Log::maySpeak(Site& site, Duration span) {
  const Duration now = std::chrono::steady_clock::now().time_since_epoch();
  int64_t next = site.next_.load(std::memory_order_relaxed);
  const bool first =
      now.count() >= next &&
      site.next_.compare_exchange_strong(next, (now + span).count(), std::memory_order_relaxed);
  if (!first) site.left_out_.fetch_add(1, std::memory_order_relaxed);
  return first;
}

void Log::write(Level level, std::string_view message, uint64_t left_out) {
  fmt::memory_buffer line;
  appendTime(line);
  fmt::format_to(std::back_inserter(line), " {} ", kLevelNames[static_cast<size_t>(level)]);
  appendOneLine(line, message);
  if (left_out != 0) fmt::format_to(std::back_inserter(line), " ({} more like this)", left_out);
  line.push_back('\n');
  ssize_t written = -1;
  if (!wouldWait(fd_)) {
    do written = ::write(fd_, line.data(), line.size());
    while (written < 0 && errno == EINTR);
  }
  if (written < 0) dropped_.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace fairlead
