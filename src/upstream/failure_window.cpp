// The ring of buckets: one load and one addition a result.
#include "upstream/failure_window.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/units.h"

namespace fairlead::upstream {
namespace {

constexpr int kFieldBits = 24;
constexpr int kRoundShift = 2 * kFieldBits;
constexpr uint64_t kFieldMask = (uint64_t{1} << kFieldBits) - 1;
constexpr uint64_t kRoundMask = 0xffff;
// A bucket that is that full counts no more; well under what its field holds, as many threads may
// look before each adds one.
constexpr uint64_t kFull = kFieldMask - 0xffff;

constexpr uint64_t roundOf(uint64_t bucket) { return bucket >> kRoundShift; }
constexpr uint64_t failedOf(uint64_t bucket) { return (bucket >> kFieldBits) & kFieldMask; }
constexpr uint64_t allOf(uint64_t bucket) { return bucket & kFieldMask; }

// Which tenth of a window `now` is in, counted from the clock's beginning.
uint64_t tickOf(TimePoint now, Duration window, uint64_t buckets) {
  const auto tenth = std::max<Duration::rep>(window.count() / static_cast<int64_t>(buckets), 1);
  return static_cast<uint64_t>(now.time_since_epoch().count()) / static_cast<uint64_t>(tenth);
}

}  // namespace

void FailureWindow::add(bool failed, TimePoint now, Duration window) {
  const uint64_t tick = tickOf(now, window, kBuckets);
  const uint64_t round = (tick / kBuckets) & kRoundMask;
  const uint64_t one = 1 + (static_cast<uint64_t>(failed) << kFieldBits);
  std::atomic<uint64_t>& bucket = buckets_[tick % kBuckets];
  uint64_t seen = bucket.load(std::memory_order_relaxed);
  // A thread whose clock is ahead may have begun the next round here already.
  while (roundOf(seen) != round && roundOf(seen) != ((round + 1) & kRoundMask))
    if (bucket.compare_exchange_weak(seen, (round << kRoundShift) + one, std::memory_order_relaxed))
      return;
  if (allOf(seen) < kFull) bucket.fetch_add(one, std::memory_order_relaxed);
}

FailureWindow::Count FailureWindow::count(TimePoint now, Duration window) const {
  const uint64_t tick = tickOf(now, window, kBuckets);
  Count sum;
  for (uint64_t age = 0; age < kBuckets && age <= tick; ++age) {
    const uint64_t bucket = buckets_[(tick - age) % kBuckets].load(std::memory_order_relaxed);
    if (roundOf(bucket) != (((tick - age) / kBuckets) & kRoundMask)) continue;
    sum.failed += static_cast<uint32_t>(failedOf(bucket));
    sum.all += static_cast<uint32_t>(allOf(bucket));
  }
  return sum;
}

void FailureWindow::clear() {
  for (auto& bucket : buckets_) bucket.store(0, std::memory_order_relaxed);
}

uint64_t pack(FailureWindow::Count count) { return uint64_t{count.failed} << 32 | count.all; }

FailureWindow::Count unpackCount(uint64_t packed) {
  return {static_cast<uint32_t>(packed >> 32), static_cast<uint32_t>(packed)};
}

std::string describe(FailureWindow::Count count, Duration window) {
  const double share = count.all == 0 ? 0 : 100.0 * count.failed / count.all;
  return fmt::format("{:.0f} % of {} request{} failed in {}", share, count.all,
                     count.all == 1 ? "" : "s", units::formatDuration(window));
}

}  // namespace fairlead::upstream
