// What is to happen in a simulation, in the order of virtual time.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <queue>
#include <vector>

#include "base/time.h"

namespace fairlead::simulation {

enum class What : uint8_t {
  Arrival,        // of the next request
  TroubleBegins,  // about: index into Load::troubles
  TroubleEnds,
  // Of a request; about: its place in VirtualProxy, turn: of its attempt.
  Connected,
  Reached,   // the request is at its server
  Answered,  // more: the status
  Lost,      // more: the FailureKind
  Overdue,
  Again,      // the pause before a retry is over
  AskTicket,  // of the budget of retries
  Called,     // from the queue
  Shed,
  WaitOver,
  // Of a server; about: its index.
  Served,  // more: the worker; turn: the life of the server's process
  // Of a check; about: the server's index, turn: counts its checks.
  CheckDue,
  CheckReached,
  CheckAnswered,  // more: 1 when it failed
  CheckOverdue,
  Pulse,  // of the pool's record
};

struct Event {
  What what = What::Arrival;
  uint32_t about = 0;
  uint32_t turn = 0;
  uint32_t more = 0;
};

// Delays that are the same whenever they are used: what waits for one stays in its order by itself.
enum class Delay : uint8_t { OneWay, RoundTrip, Response, PerTry, Queue };
using Delays = std::array<Duration, 5>;

// Events of the same time happen in the order in which they were planned, so that a run can be
// repeated.
class Timeline {
 public:
  Timeline(TimePoint begin, const Delays& delays) : now_(begin), delays_(delays) {}

  TimePoint now() const { return now_; }
  Duration length(Delay delay) const { return delays_[static_cast<size_t>(delay)]; }

  void plan(TimePoint at, const Event& event) { heap_.push({at, ++planned_, event}); }
  void planAfter(Delay delay, const Event& event) {
    const auto lane = static_cast<size_t>(delay);
    lanes_[lane].push_back({now_ + delays_[lane], ++planned_, event});
  }

  // The next event, whose time becomes now. There must be one.
  Event next() {
    std::deque<Planned>* first = nullptr;
    for (std::deque<Planned>& lane : lanes_)
      if (!lane.empty() && (!first || lane.front() < first->front())) first = &lane;
    Planned due;
    if (!first || (!heap_.empty() && heap_.top() < first->front())) {
      due = heap_.top();
      heap_.pop();
    } else {
      due = first->front();
      first->pop_front();
    }
    now_ = due.at;
    return due.event;
  }

 private:
  struct Planned {
    TimePoint at{};
    uint64_t order = 0;
    Event event;

    bool operator<(const Planned& other) const {
      return at != other.at ? at < other.at : order < other.order;
    }
    bool operator>(const Planned& other) const { return other < *this; }
  };

  TimePoint now_;
  uint64_t planned_ = 0;
  Delays delays_;
  std::array<std::deque<Planned>, std::tuple_size_v<Delays>> lanes_;
  std::priority_queue<Planned, std::vector<Planned>, std::greater<>> heap_;
};

}  // namespace fairlead::simulation
