// Coming, going and being called.
#include "upstream/waiting_room.h"

#include <algorithm>
#include <utility>

namespace fairlead::upstream {
namespace {

constexpr std::array kFirstToLast{Priority::Critical, Priority::Normal, Priority::Batch};

}  // namespace

Waiting WaitingRoom::countLocked() const {
  Waiting waiting;
  for (size_t i = 0; i < queues_.size(); ++i)
    waiting.of[i] = static_cast<uint32_t>(queues_[i].size());
  return waiting;
}

size_t WaitingRoom::waiting() const {
  const std::lock_guard lock(mutex_);
  return countLocked().all();
}

WaitingRoom::Welcome WaitingRoom::enter(const Guest& guest, TimePoint now) {
  Guest displaced;
  {
    const std::lock_guard lock(mutex_);
    const Waiting waiting = countLocked();
    const Entry entry = policy_.enter(guest.priority, waiting, now);
    if (entry.kind == Entry::Kind::Refuse)
      return waiting.all() < settings_.limit.value ? Welcome::Shed : Welcome::Full;
    if (entry.kind == Entry::Kind::Displace) {
      Queue& queue = queueOf(entry.displaced);
      displaced = queue.back();
      queue.pop_back();
    } else {
      expected_.fetch_add(1, std::memory_order_seq_cst);
    }
    queueOf(guest.priority).push_back(guest);
  }
  if (displaced.home) displaced.home->call(displaced.ticket, Waiters::Call::Shed);
  return Welcome::Waits;
}

void WaitingRoom::enterAgain(const Guest& guest) {
  const std::lock_guard lock(mutex_);
  Queue& queue = queueOf(guest.priority);
  queue.insert(std::ranges::upper_bound(queue, guest.since, {}, &Guest::since), guest);
}

void WaitingRoom::noteLocked(TimePoint since, Going going, TimePoint now) {
  if (going != Going::Gone) policy_.left(now - since, now);
}

void WaitingRoom::answered(TimePoint since, Going going, TimePoint now) {
  expected_.fetch_sub(1, std::memory_order_seq_cst);
  const std::lock_guard lock(mutex_);
  noteLocked(since, going, now);
}

bool WaitingRoom::leave(const Guest& guest, Going going, TimePoint now) {
  const std::lock_guard lock(mutex_);
  Queue& queue = queueOf(guest.priority);
  const auto found = std::ranges::find_if(queue, [&](const Guest& other) {
    return other.ticket == guest.ticket && other.home == guest.home;
  });
  if (found == queue.end()) return false;
  queue.erase(found);
  expected_.fetch_sub(1, std::memory_order_seq_cst);
  noteLocked(guest.since, going, now);
  return true;
}

// The highest priority goes first; within one, the order of the policy.
void WaitingRoom::callNext() {
  Guest next;
  {
    const std::lock_guard lock(mutex_);
    const End end = policy_.next(countLocked().all());
    for (const Priority priority : kFirstToLast) {
      Queue& queue = queueOf(priority);
      if (queue.empty()) continue;
      next = end == End::Oldest ? queue.front() : queue.back();
      end == End::Oldest ? queue.pop_front() : queue.pop_back();
      break;
    }
  }
  if (next.home) next.home->call(next.ticket, Waiters::Call::Try);
}

}  // namespace fairlead::upstream
