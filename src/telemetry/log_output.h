// Where log lines go: a file that can be opened anew, or a stream that the process was given.
#pragma once

#include <atomic>
#include <expected>
#include <string>
#include <string_view>

namespace fairlead {

// One thread writes. A peer that does not read (a full pipe) is waited for as long
// as nobody calls `hurry`.
class LogOutput {
 public:
  // "stdout", "stderr" or a file name (appended to; created with mode 0640). The error is a
  // sentence.
  static std::expected<LogOutput, std::string> open(const std::string& destination);

  LogOutput(LogOutput&& other) noexcept;
  LogOutput& operator=(LogOutput&&) = delete;
  ~LogOutput();

  // Writes all of `lines`, each of which ends in a newline. Returns "" or why it failed; the lines
  // from the failing one on are lost then.
  std::string write(std::string_view lines);

  // Opens the file by its name again, after a rotation; keeps the old one and says why if it
  // cannot.
  std::string reopen();

  // Any thread: from now on, a peer that does not read is waited for one second in all.
  void hurry() { hurry_.store(true, std::memory_order_relaxed); }

 private:
  LogOutput(std::string name, int fd, bool owned);

  bool waitUntilWritable();

  std::string name_;
  int fd_;
  bool owned_;         // opened here, by name
  bool slow_peer_;     // a pipe, a socket, a terminal: writing may wait for somebody
  bool torn_ = false;  // the last write ended inside a line
  int waits_ = 0;      // in vain, since `hurry`
  std::atomic<bool> hurry_{false};
};

}  // namespace fairlead
