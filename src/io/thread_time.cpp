// Reads /proc/self/task/THREAD/schedstat.
#include "io/thread_time.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdint>
#include <string>

#include "io/descriptor.h"

namespace fairlead::io {

std::optional<ThreadTime> parseThreadTime(std::string_view text) {
  std::array<int64_t, 2> nanoseconds{};
  const char* at = text.data();
  const char* const end = at + text.size();
  for (int64_t& value : nanoseconds) {
    while (at != end && *at == ' ') ++at;
    const auto parsed = std::from_chars(at, end, value);
    if (parsed.ec != std::errc() || value < 0) return std::nullopt;
    at = parsed.ptr;
  }
  return ThreadTime{.ran = Duration(nanoseconds[0]), .waited = Duration(nanoseconds[1])};
}

std::optional<ThreadTime> threadTimeOf(pid_t thread) {
  const std::string path = "/proc/self/task/" + std::to_string(thread) + "/schedstat";
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return std::nullopt;
  std::array<char, 96> text;
  const ssize_t got = ::read(file.get(), text.data(), text.size());
  if (got <= 0) return std::nullopt;
  return parseThreadTime({text.data(), static_cast<size_t>(got)});
}

}  // namespace fairlead::io
