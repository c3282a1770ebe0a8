// fairlead's own diagnostics: one line a message, with time and level; not for the hot path.
#pragma once

#include <fmt/format.h>

#include <atomic>
#include <cstdint>
#include <string_view>
#include <utility>

#include "base/time.h"

namespace fairlead {

// Any thread. A line is one write and never waits: if nobody reads the other end, it is dropped and
// counted. Control bytes inside a message are shown escaped, so that a message stays one line.
class Log {
 public:
  enum class Level : uint8_t { Debug, Info, Warning, Error };

  // One place that speaks often. It belongs to whoever calls `every`.
  class Site {
    friend class Log;
    std::atomic<int64_t> next_{INT64_MIN};  // steady nanoseconds
    std::atomic<uint64_t> left_out_{0};
  };

  // `fd` (2 is standard error) stays the caller's.
  explicit Log(int fd, Level least = Level::Info) : fd_(fd), least_(least) {}

  bool wants(Level level) const { return level >= least_; }

  template <typename... Args>
  void debug(fmt::format_string<Args...> format, Args&&... args) {
    say(Level::Debug, format, std::forward<Args>(args)...);
  }
  template <typename... Args>
  void info(fmt::format_string<Args...> format, Args&&... args) {
    say(Level::Info, format, std::forward<Args>(args)...);
  }
  template <typename... Args>
  void warning(fmt::format_string<Args...> format, Args&&... args) {
    say(Level::Warning, format, std::forward<Args>(args)...);
  }
  template <typename... Args>
  void error(fmt::format_string<Args...> format, Args&&... args) {
    say(Level::Error, format, std::forward<Args>(args)...);
  }

  // At most one line a `span` from this site; the next one says how many were left out.
  template <typename... Args>
  void every(Site& site, Duration span, Level level, fmt::format_string<Args...> format,
             Args&&... args) {
    if (!wants(level) || !maySpeak(site, span)) return;
    const uint64_t left_out = site.left_out_.exchange(0, std::memory_order_relaxed);
    write(level, fmt::format(format, std::forward<Args>(args)...), left_out);
  }

  uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  template <typename... Args>
  void say(Level level, fmt::format_string<Args...> format, Args&&... args) {
    if (wants(level)) write(level, fmt::format(format, std::forward<Args>(args)...), 0);
  }

  static bool maySpeak(Site& site, Duration span);
  void write(Level level, std::string_view message, uint64_t left_out);

  int fd_;
  Level least_;
  std::atomic<uint64_t> dropped_{0};
};

}  // namespace fairlead
