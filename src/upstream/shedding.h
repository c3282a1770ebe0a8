// Who waits for a place in a full pool and who is sent away: the rules of its queue.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <numeric>

#include "base/time.h"
#include "upstream/overload_settings.h"
#include "upstream/settings.h"

namespace fairlead::upstream {

enum class End : uint8_t { Oldest, Newest };

// Whom the queue refuses while there is room in it. Each level includes those before it.
enum class Shedding : uint8_t { Nobody, Batch, Normal };

// Those in the queue, counted by priority.
struct Waiting {
  std::array<uint32_t, kPriorityWords.size()> of{};

  uint32_t operator[](Priority priority) const { return of[static_cast<size_t>(priority)]; }
  uint32_t all() const { return std::accumulate(of.begin(), of.end(), uint32_t{0}); }
};

// What becomes of a newcomer.
struct Entry {
  enum class Kind : uint8_t {
    Enter,
    Displace,  // it enters, and the newest of priority `displaced` goes with a 503
    Refuse,
  };
  Kind kind = Kind::Enter;
  Priority displaced = Priority::Batch;

  friend bool operator==(const Entry&, const Entry&) = default;
};

// Pure, and not safe for threads: the queue's lock covers it as well.
//
// The delay is judged every 100 ms as CoDel does (RFC 8289): the least delay of those who left in
// that time, as a queue that does its work lets somebody through quickly. When it is over the
// target, a tenth of the timeout, batch requests are refused; over half of the timeout, normal ones
// too. Each goes back at half of its bound, one level every 100 ms, and at once when nobody waits.
// While the newest are served first, those who left say nothing of the ones who stay, so the time
// that the queue takes to drain is judged instead.
class QueuePolicy {
 public:
  explicit QueuePolicy(const QueueSettings& settings)
      : limit_(settings.limit), timeout_(settings.timeout) {}

  // `waiting` is without the newcomer.
  Entry enter(Priority priority, const Waiting& waiting, TimePoint now);

  // Oldest first until the queue is half full; beyond, the newest have the best chance to be
  // answered before their clients give up.
  End next(size_t waiting) const { return 2 * waiting > limit_ ? End::Newest : End::Oldest; }

  // Somebody got a place, or waited for the whole timeout. Not for those who were displaced or
  // whose client left.
  void left(Duration delay, TimePoint now);

  Shedding shedding() const { return shedding_; }

 private:
  static constexpr Duration kInterval = std::chrono::milliseconds(100);

  void judge(uint32_t waiting, TimePoint now);
  Duration delayOf(uint32_t waiting, TimePoint now) const;
  void startInterval(TimePoint now);

  Duration target() const { return timeout_ / 10; }
  Duration normalBound() const { return timeout_ / 2; }

  uint32_t limit_;
  Duration timeout_;
  Shedding shedding_ = Shedding::Nobody;
  TimePoint interval_began_{};
  TimePoint last_left_{};             // or when the queue began to fill
  Duration least_ = Duration::max();  // of this interval
  uint32_t left_ = 0;                 // in this interval
};

}  // namespace fairlead::upstream
