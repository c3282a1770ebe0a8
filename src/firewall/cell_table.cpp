// How cells change hands.
#include "firewall/cell_table.h"

#include <sys/mman.h>

#include <bit>
#include <cstring>
#include <new>

namespace fairlead::firewall {

// On x86-64 that needs cmpxchg16b, which CMakeLists.txt allows for this room.
static_assert(std::atomic<OffenceWindow::Packed>::is_always_lock_free);

namespace {

constexpr uint64_t kOneEviction = 1;
constexpr uint64_t kOneUntracked = uint64_t{1} << 32;

}  // namespace

std::array<uint64_t, 2> wordsOf(const IpAddress& address) {
  return std::bit_cast<std::array<uint64_t, 2>>(address.bytes());
}

Cidr networkOf(const Cell& cell) {
  const std::array<uint64_t, 2> words = {cell.address[0].load(), cell.address[1].load()};
  const PackedBan facts = PackedBan::of(cell.facts.load());
  return {IpAddress::v6(std::bit_cast<std::array<uint8_t, 16>>(words)), facts.bits};
}

CellTable::CellTable(uint64_t bytes) {
  const size_t count = std::max<size_t>(bytes / sizeof(Bucket), 1);
  void* const memory = mmap(nullptr, count * sizeof(Bucket), PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  // No constructor runs: it would touch every page, and zero is what it would write.
  buckets_ = {static_cast<Bucket*>(memory), count};
}

CellTable::~CellTable() { munmap(buckets_.data(), buckets_.size_bytes()); }

CellTable::Place CellTable::find(uint64_t hash, CellKind kind) const {
  return findIn(bucketOf(hash), firstChoice(hash), tagOf(hash, kind));
}

CellTable::Place CellTable::findIn(Bucket& bucket, size_t first, uint64_t tag) {
  for (size_t k = 0, i = first; k < kCellsPerBucket; ++k) {
    const uint64_t seen = bucket.tags[i].load(std::memory_order_acquire);
    if (seen == tag) return bucket.place(i, tag);
    if (seen == (tag | kLeaving) && bucket.place(i, tag).isStill()) return bucket.place(i, tag);
    i = next(i);
  }
  return {};
}

CellTable::Found CellTable::findOrTake(uint64_t hash, CellKind kind, const Birth& birth,
                                       Ticks now) {
  prefetch(hash);
  Bucket& bucket = bucketOf(hash);
  const uint64_t tag = tagOf(hash, kind);
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (const Place place = findIn(bucket, firstChoice(hash), tag)) return {place, false};
    const std::optional<size_t> mine = claim(bucket, hash, kind, now);
    if (!mine) break;
    prepare(bucket.cells[*mine], kind, birth, now);
    if (publish(bucket, *mine, tag)) return {bucket.place(*mine, tag), true};
  }
  bucket.losses.fetch_add(kOneUntracked, std::memory_order_relaxed);
  return {};
}

void CellTable::countUntracked(uint64_t hash) {
  bucketOf(hash).losses.fetch_add(kOneUntracked, std::memory_order_relaxed);
}

// A cell that nobody else writes to, its tag kBusy. A free one as near as possible to the key's
// first choice, where a look-up begins.
std::optional<size_t> CellTable::claim(Bucket& bucket, uint64_t hash, CellKind kind, Ticks now) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    for (size_t k = 0, i = firstChoice(hash); k < kCellsPerBucket; ++k) {
      uint64_t seen = bucket.tags[i].load(std::memory_order_relaxed);
      if (seen == kFree && bucket.tags[i].compare_exchange_strong(seen, kBusy)) return i;
      i = next(i);
    }
    const std::optional<Victim> victim = leastWorth(bucket, kind, now);
    if (!victim) return std::nullopt;
    if (evict(bucket, *victim, now)) return victim->index;
  }
  return std::nullopt;
}

std::optional<CellTable::Victim> CellTable::leastWorth(const Bucket& bucket, CellKind for_kind,
                                                       Ticks now) {
  const Worth::Class beyond = for_kind == CellKind::kBan ? Worth::kHeld : Worth::kBanned;
  std::optional<Victim> least;
  for (size_t i = 0; i < kCellsPerBucket; ++i) {
    const uint64_t tag = bucket.tags[i].load(std::memory_order_acquire);
    if (tag == kFree || tag == kBusy || (tag & (kComing | kLeaving)) != 0) continue;
    const Worth worth = worthOf(bucket.cells[i], static_cast<CellKind>(tag & kKindBits), now);
    if (worth.at < beyond && (!least || worth < least->worth)) least = {i, tag, worth};
  }
  return least;
}

CellTable::Worth CellTable::worthOf(const Cell& cell, CellKind kind, Ticks now) {
  constexpr Worth kNothing{Worth::kSpent, 0};
  const Ticks stamp = cell.stamp.load(std::memory_order_relaxed);
  switch (kind) {
    case CellKind::kRate:
      return cell.due.load() <= now ? kNothing : Worth{Worth::kUsed, stamp};
    case CellKind::kCount:
      return cell.held.load() == 0 ? kNothing : Worth{Worth::kHeld, stamp};
    case CellKind::kOffences: {
      const Ticks forgotten = saturatingSum(stamp, cell.facts.load(std::memory_order_relaxed));
      return forgotten <= now ? kNothing : Worth{Worth::kUsed, stamp};
    }
    case CellKind::kBan: {
      const Ticks end = cell.due.load();
      if (end > now) return {Worth::kBanned, end};
      const PackedBan facts = PackedBan::of(cell.facts.load(std::memory_order_relaxed));
      return facts.forgottenAt(end) <= now ? kNothing : Worth{Worth::kUsed, end};
    }
  }
  return {};
}

// Whoever holds a cell adds first and looks at the tag then; this marks the tag first and looks at
// the count then. One of the two sees the other.
bool CellTable::evict(Bucket& bucket, const Victim& victim, Ticks now) {
  std::atomic<uint64_t>& at = bucket.tags[victim.index];
  uint64_t seen = victim.tag;
  if (!at.compare_exchange_strong(seen, victim.tag | kLeaving)) return false;
  const Cell& cell = bucket.cells[victim.index];
  const auto kind = static_cast<CellKind>(victim.tag & kKindBits);
  seen = victim.tag | kLeaving;
  if (worthOf(cell, kind, now) != victim.worth) {
    at.compare_exchange_strong(seen, victim.tag);
    return false;
  }
  if (!at.compare_exchange_strong(seen, kBusy)) return false;
  if (kind == CellKind::kBan) forgetBan(cell);
  if (victim.worth.at == Worth::kBanned) evicted_bans_.fetch_add(1, std::memory_order_relaxed);
  if (victim.worth.at != Worth::kSpent)
    bucket.losses.fetch_add(kOneEviction, std::memory_order_relaxed);
  return true;
}

bool CellTable::release(const Place& ban) {
  uint64_t seen = ban.tag_;
  if (!ban.isStill() || !ban.at_->compare_exchange_strong(seen, kBusy)) return false;
  forgetBan(*ban.cell_);
  ban.at_->store(kFree);
  return true;
}

void CellTable::forgetBan(const Cell& cell) {
  const Cidr network = networkOf(cell);
  ban_lengths_.remove(network.network(), network.bits());
}

// `held` stays as it is: somebody may just have added to it, and will take that back.
void CellTable::prepare(Cell& cell, CellKind kind, const Birth& birth, Ticks now) {
  cell.stamp.store(now, std::memory_order_relaxed);
  cell.due.store(birth.due);
  cell.facts.store(birth.facts, std::memory_order_relaxed);
  if (kind == CellKind::kOffences) cell.window.store(0);
  if (kind != CellKind::kBan) return;
  cell.address[0].store(birth.address[0], std::memory_order_relaxed);
  cell.address[1].store(birth.address[1], std::memory_order_relaxed);
}

// False: another thread has brought the same key, or is about to; look again.
bool CellTable::publish(Bucket& bucket, size_t mine, uint64_t tag) {
  uint64_t seen = tag | kComing;
  bucket.tags[mine].store(seen);
  const uint64_t next = isTheOnlyOne(bucket, mine, tag) ? tag : kFree;
  return bucket.tags[mine].compare_exchange_strong(seen, next) && next == tag;
}

bool CellTable::isTheOnlyOne(Bucket& bucket, size_t mine, uint64_t tag) {
  for (size_t i = 0; i < kCellsPerBucket; ++i) {
    if (i == mine) continue;
    uint64_t seen = bucket.tags[i].load();
    if (seen == (tag | kComing) && bucket.tags[i].compare_exchange_strong(seen, kFree)) continue;
    if ((seen & ~(kComing | kLeaving)) == tag) return false;
  }
  return true;
}

CellTable::Census CellTable::census(Ticks now) const {
  Census census;
  for (const Bucket& bucket : buckets_) {
    const uint64_t losses = bucket.losses.load(std::memory_order_relaxed);
    census.evictions += losses & (kOneUntracked - 1);
    census.untracked += losses >> 32;
    for (size_t i = 0; i < kCellsPerBucket; ++i) {
      const uint64_t tag = bucket.tags[i].load(std::memory_order_acquire);
      if (tag == kFree || tag == kBusy) continue;
      const auto kind = static_cast<CellKind>(tag & kKindBits);
      census.in_use += worthOf(bucket.cells[i], kind, now).at != Worth::kSpent;
    }
  }
  census.evicted_bans = evicted_bans_.load(std::memory_order_relaxed);
  return census;
}

}  // namespace fairlead::firewall
