// A thread of its own for reading large files, so that the control thread goes on checking servers
// meanwhile.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include "io/mailbox.h"

namespace fairlead::control {

// One job at a time, in order. Destroying it waits for the job that is under way, and drops the
// others.
class ReadingThread {
 public:
  // Run on the thread; what it returns is run by the mailbox's reactor.
  using Job = std::move_only_function<io::Mailbox::Letter()>;

  // The mailbox outlives this.
  explicit ReadingThread(io::Mailbox& results) : results_(results) {}
  ReadingThread(const ReadingThread&) = delete;
  ReadingThread& operator=(const ReadingThread&) = delete;
  ~ReadingThread();

  void add(Job job);

 private:
  void run();

  io::Mailbox& results_;
  std::mutex mutex_;
  std::condition_variable added_;
  std::deque<Job> jobs_;
  bool stopping_ = false;
  std::thread thread_;  // begins with the first job
};

}  // namespace fairlead::control
