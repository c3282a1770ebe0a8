// The workers as JSON: how busy each is, and how long it lets others wait. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "admin/views.h"
#include "io/thread_time.h"
#include "io/turn_meter.h"

namespace fairlead::admin {

struct WorkerFacts {
  size_t connections = 0;  // of clients
  io::TurnFacts turns;
  std::optional<io::ThreadTime> time;  // of its thread, where the kernel counts
};

// What a client may notice of a worker, in sentences; none when there is nothing to look into.
std::vector<std::string> sentencesOf(size_t worker, const WorkerFacts& facts, TimePoint now);

// Workers are numbered as they stand. Times are told as in views.h.
Json viewOfWorkers(std::span<const WorkerFacts> workers, const Moment& moment);

}  // namespace fairlead::admin
