// What the kernel counts of a thread: how long it ran, and how long it would have liked to.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string_view>

#include "base/time.h"

namespace fairlead::io {

struct ThreadTime {
  Duration ran{};     // on a CPU
  Duration waited{};  // ready to run, while its CPU ran something else
};

// Of a thread of this process, by the number that gettid(2) gave it; nothing when it has ended, or
// where the kernel does not count. Any thread may ask. Three system calls.
std::optional<ThreadTime> threadTimeOf(pid_t thread);

// The text of /proc/PID/schedstat: nanoseconds it ran, nanoseconds it waited, times it ran.
std::optional<ThreadTime> parseThreadTime(std::string_view text);

}  // namespace fairlead::io
