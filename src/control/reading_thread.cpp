// Jobs in, letters out.
#include "control/reading_thread.h"

#include <pthread.h>

namespace fairlead::control {

ReadingThread::~ReadingThread() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    jobs_.clear();
  }
  added_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void ReadingThread::add(Job job) {
  {
    const std::lock_guard lock(mutex_);
    jobs_.push_back(std::move(job));
  }
  added_.notify_one();
  if (thread_.joinable()) return;
  thread_ = std::thread([this] { run(); });
  ::pthread_setname_np(thread_.native_handle(), "reading");
}

void ReadingThread::run() {
  for (;;) {
    Job job;
    {
      std::unique_lock lock(mutex_);
      added_.wait(lock, [this] { return stopping_ || !jobs_.empty(); });
      if (stopping_) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
    }
    results_.post(job());
  }
}

}  // namespace fairlead::control
