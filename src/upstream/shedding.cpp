// The rules of the queue.
#include "upstream/shedding.h"

#include <algorithm>

namespace fairlead::upstream {

Entry QueuePolicy::enter(Priority priority, const Waiting& waiting, TimePoint now) {
  const uint32_t all = waiting.all();
  judge(all, now);
  const bool refused = (priority == Priority::Batch && shedding_ >= Shedding::Batch) ||
                       (priority == Priority::Normal && shedding_ >= Shedding::Normal);
  if (refused || limit_ == 0) return {.kind = Entry::Kind::Refuse};
  if (all < limit_) return {.kind = Entry::Kind::Enter};
  for (const Priority lower : {Priority::Batch, Priority::Normal})
    if (lower > priority && waiting[lower] > 0) return {Entry::Kind::Displace, lower};
  return {.kind = Entry::Kind::Refuse};
}

void QueuePolicy::left(Duration delay, TimePoint now) {
  least_ = std::min(least_, delay);
  last_left_ = now;
  ++left_;
}

void QueuePolicy::startInterval(TimePoint now) {
  interval_began_ = now;
  least_ = Duration::max();
  left_ = 0;
}

// The delay that this interval speaks of.
Duration QueuePolicy::delayOf(uint32_t waiting, TimePoint now) const {
  if (left_ == 0) return now - last_left_;  // whoever is first has seen nobody go before
  if (next(waiting) == End::Oldest) return least_;
  return (now - interval_began_) * waiting / left_;
}

void QueuePolicy::judge(uint32_t waiting, TimePoint now) {
  if (waiting == 0 || interval_began_ == TimePoint{}) {
    shedding_ = Shedding::Nobody;
    last_left_ = now;
    startInterval(now);
    return;
  }
  if (now - interval_began_ < kInterval) return;
  const Duration delay = delayOf(waiting, now);
  if (delay > normalBound())
    shedding_ = Shedding::Normal;
  else if (delay > target())
    shedding_ = std::max(shedding_, Shedding::Batch);
  if (shedding_ == Shedding::Normal && delay < normalBound() / 2)
    shedding_ = Shedding::Batch;
  else if (shedding_ == Shedding::Batch && delay < target() / 2)
    shedding_ = Shedding::Nobody;
  startInterval(now);
}

}  // namespace fairlead::upstream
