// The access log, off the hot path: workers copy records into rings, one thread renders and writes.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "telemetry/access_record.h"
#include "telemetry/log.h"
#include "telemetry/log_output.h"
#include "telemetry/record_ring.h"

namespace fairlead {

// Lines of one lane are in order; lines of different lanes may be a fraction of a second apart.
class AccessLog {
 public:
  struct Options {
    std::string destination = "stdout";  // stdout, stderr, off, or a file name
    size_t lanes = 1;                    // one a worker
    size_t lane_bytes = size_t{1} << 20;
  };

  // One worker's road to the writer. The references that it hands out live as long as the log.
  class Lane {
   public:
    Lane(AccessLog& log, size_t bytes) : log_(log), ring_(bytes) {}

    // One thread at a time. Never waits and never allocates; false: the ring is full and the record
    // is counted as dropped.
    bool record(const AccessRecord& record);

   private:
    friend class AccessLog;

    AccessLog& log_;
    RecordRing ring_;
    std::atomic<uint64_t> dropped_{0};  // written by the worker only
    std::atomic<bool> wake_asked_{false};
  };

  // Starts the writer. The error is a sentence. `diagnostics` hears of failing writes; outlives
  // this.
  static std::expected<std::unique_ptr<AccessLog>, std::string> open(const Options& options,
                                                                     Log& diagnostics);
  ~AccessLog() { stop(); }
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;

  // False for `off`: then there are no lanes, and no record needs to be put together.
  bool isOn() const { return output_.has_value(); }
  Lane& lane(size_t worker) { return *lanes_.at(worker); }

  // Any thread: what was recorded before goes to the file as it is open now, later records to the
  // file that has its name then.
  void reopen();

  // Writes what is left and ends the writer; no lane may record any more. Harmless when repeated.
  void stop();
  // The beginning of `stop`, without waiting: so that several logs end side by side.
  void stopSoon();

  // Records that were lost, to full rings or failing writes.
  uint64_t dropped() const;
  uint64_t writeFailures() const { return write_failures_.load(std::memory_order_relaxed); }

 private:
  AccessLog(std::optional<LogOutput> output, const Options& options, Log& diagnostics);

  void wake();
  void writeUntilStopped();
  void sleepUntilNeeded();
  void drain();
  void drain(Lane& lane);
  void flush();
  void reopenIfAsked();

  std::optional<LogOutput> output_;
  Log& diagnostics_;
  Log::Site write_failed_;
  std::vector<std::unique_ptr<Lane>> lanes_;
  int wake_fd_;              // an eventfd
  std::string lines_;        // rendered, not yet written; the writer's
  uint64_t line_count_ = 0;  // of lines_
  std::atomic<uint64_t> lost_in_writing_{0};
  std::atomic<uint64_t> write_failures_{0};
  std::atomic<bool> reopen_asked_{false};
  std::atomic<bool> stopping_{false};
  std::thread writer_;
};

}  // namespace fairlead
