// Which server a session belongs to, as learned from the cookies that servers set themselves.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

#include "base/time.h"

namespace fairlead::upstream {

// A table of fixed size that all workers share without locks: one word a session, four to a
// bucket; the one that was not used for the longest makes room. A session that nobody used for half
// an hour is forgotten. Two sessions are taken for one with a probability of 2^-42 or so: such a
// client goes to another's server. Two servers of a pool are taken for one with 2^-26.
class LearnedSessions {
 public:
  static constexpr size_t kBuckets = size_t{1} << 16;  // 262,144 sessions in 2 MiB
  static constexpr size_t kPlaces = 4;                 // in a bucket
  static constexpr uint64_t kForgetMinutes = 30;
  // The clock of the table comes round after 2.8 days. A session that was left alone for just that
  // long is known again: it belongs where it did.
  static constexpr uint64_t kClockMinutes = 4096;

  LearnedSessions() : buckets_(std::make_unique<Bucket[]>(kBuckets)) {}

  // What the table calls a server, by its identity.
  static uint32_t numberOf(uint64_t identity) {
    return static_cast<uint32_t>(identity % kServerMask);
  }

  // `session`: a hash of the cookie's value. `server`: of `numberOf`. Any thread.
  void learn(uint64_t session, uint32_t server, TimePoint now) {
    const uint64_t minute = minuteOf(now);
    Bucket& bucket = bucketOf(session);
    std::atomic<uint64_t>* place = nullptr;
    uint64_t oldest = 0;
    for (std::atomic<uint64_t>& word : bucket) {
      const uint64_t entry = word.load(std::memory_order_relaxed);
      if (entry != 0 && tagIn(entry) == tagOf(session)) {
        place = &word;
        break;
      }
      const uint64_t age = entry == 0 ? kClockMinutes : ageOf(entry, minute);
      if (!place || age > oldest) {
        oldest = age;
        place = &word;
      }
    }
    place->store(entryOf(session, server, minute), std::memory_order_relaxed);
  }

  // Any thread.
  std::optional<uint32_t> find(uint64_t session, TimePoint now) {
    const uint64_t minute = minuteOf(now);
    for (std::atomic<uint64_t>& word : bucketOf(session)) {
      uint64_t entry = word.load(std::memory_order_relaxed);
      if (entry == 0 || tagIn(entry) != tagOf(session)) continue;
      const uint64_t age = ageOf(entry, minute);
      if (age > kForgetMinutes) return std::nullopt;
      const uint32_t server = serverIn(entry);
      // What another worker learned meanwhile stays.
      if (age > 0)
        word.compare_exchange_strong(entry, entryOf(session, server, minute),
                                     std::memory_order_relaxed);
      return server;
    }
    return std::nullopt;
  }

 private:
  using Bucket = std::array<std::atomic<uint64_t>, kPlaces>;
  //   63 .. 38 tag | 37 .. 12 server + 1 | 11 .. 0 minute
  static constexpr uint64_t kMinuteMask = kClockMinutes - 1;
  static constexpr uint64_t kServerMask = 0x3ffffff;

  static uint64_t minuteOf(TimePoint now) {
    return static_cast<uint64_t>(
               std::chrono::duration_cast<std::chrono::minutes>(now.time_since_epoch()).count()) &
           kMinuteMask;
  }
  // In minutes. The clock of another worker may be ahead by its latest turn: that is no age.
  static uint64_t ageOf(uint64_t entry, uint64_t minute) {
    const uint64_t age = (minute - minuteIn(entry)) & kMinuteMask;
    return age == kMinuteMask ? 0 : age;
  }
  static uint64_t tagOf(uint64_t session) { return session >> 38; }
  static uint64_t tagIn(uint64_t entry) { return entry >> 38; }
  static uint64_t minuteIn(uint64_t entry) { return entry & kMinuteMask; }
  static uint32_t serverIn(uint64_t entry) {
    return static_cast<uint32_t>((entry >> 12) & kServerMask) - 1;
  }
  static uint64_t entryOf(uint64_t session, uint32_t server, uint64_t minute) {
    return tagOf(session) << 38 | ((server + uint64_t{1}) & kServerMask) << 12 | minute;
  }
  Bucket& bucketOf(uint64_t session) { return buckets_[session % kBuckets]; }

  std::unique_ptr<Bucket[]> buckets_;
};

}  // namespace fairlead::upstream
