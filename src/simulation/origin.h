// A simulated server: so many workers, a queue before them, and its troubles.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "simulation/load.h"
#include "simulation/timeline.h"

namespace fairlead::simulation {

// What a server is asked: a request, or a check.
struct Job {
  enum class Kind : uint8_t { Request, Check };
  Kind kind = Kind::Request;
  uint32_t about = 0;  // as the event that it becomes
  uint32_t turn = 0;
  uint64_t luck = 0;  // decides how long it takes, and whether its answer is an error
  bool is_error = false;
};

// It goes on with what fairlead does not wait for any longer: servers seldom notice.
class Origin {
 public:
  // `number`: what its events are about. Work is counted until `end`.
  Origin(const OriginModel& model, uint32_t number, Timeline& timeline, TimePoint end);

  bool accepts() const { return !down_; }
  uint16_t errorStatus() const { return model_.status; }

  // A job arrives; only while it accepts.
  void arrive(const Job& job);
  // A worker is done (What::Served). Nothing: the job was lost meanwhile, or its answer is held.
  std::optional<Job> onServed(const Event& event);

  // Returns the jobs that are lost.
  std::vector<Job> begin(const Trouble& trouble);
  // Returns the jobs whose answers were held.
  std::vector<Job> end(const Trouble& trouble);

  Duration worked() const { return worked_; }  // of all workers

 private:
  struct Worker {
    Job job;
    bool is_busy = false;
    bool is_held = false;  // done, but hanging
    TimePoint until{};
  };

  void begin(uint32_t worker, const Job& job);
  void goOn();
  std::vector<Job> die();
  void judge();
  Duration counted(TimePoint from, TimePoint to) const;

  const OriginModel& model_;
  uint32_t number_;
  Timeline& timeline_;
  TimePoint end_;
  std::vector<Worker> workers_;
  std::vector<uint32_t> free_;
  std::deque<Job> queue_;
  uint32_t life_ = 0;  // of the process
  Duration worked_{};

  std::vector<const Trouble*> troubles_;  // that it has now, and what they add up to
  bool down_ = false;
  bool hangs_ = false;
  double slowness_ = 1;
  double errors_;
};

}  // namespace fairlead::simulation
