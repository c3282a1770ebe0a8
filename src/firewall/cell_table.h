// The memory under what is remembered of clients: cells in buckets of one line of tags, found by a
// hash, taken over without a lock.
#pragma once

#include <array>
#include <atomic>
#include <bit>
#include <chrono>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>

#include "firewall/bans.h"
#include "firewall/offences.h"
#include "firewall/prefix_lengths.h"
#include "firewall/ticks.h"

namespace fairlead::firewall {

// What a cell remembers. The same hash may stand for one cell of each kind.
enum class CellKind : uint8_t { kRate = 1, kCount, kOffences, kBan };

// One line. Each word means the same in every cell, or nothing: a thread that still believes that
// the cell is its key's then never finds another meaning under its hands. All bytes zero is a cell
// without memory.
struct alignas(64) Cell {
  std::atomic<Ticks> stamp;     // last used, coarsely; of a ban: since when it holds
  std::atomic<Ticks> due;       // kRate: paid at (firewall/rate.h); kBan: its end
  std::atomic<uint64_t> held;   // kCount: whoever holds one. Only ever added to and taken from
  std::atomic<uint64_t> facts;  // kOffences: Ticks until it is forgotten; kBan: PackedBan
  std::atomic<OffenceWindow::Packed> window;     // kOffences
  std::array<std::atomic<uint64_t>, 2> address;  // kBan
};
static_assert(sizeof(Cell) == 64);

// What a ban keeps in Cell::facts.
struct PackedBan {
  uint8_t bits = 0;  // of the network, as in Cidr::bits
  uint8_t strikes = 0;
  uint16_t rule = kByHand;
  uint32_t memory_seconds = 0;

  static PackedBan of(uint64_t word) { return std::bit_cast<PackedBan>(word); }
  uint64_t word() const { return std::bit_cast<uint64_t>(*this); }
  // When nothing of a ban that ends then is left.
  Ticks forgottenAt(Ticks end) const {
    return saturatingSum(end, ticksOf(std::chrono::seconds(memory_seconds)));
  }
};

// The first words of a cell that is taken over.
struct Birth {
  Ticks due = 0;
  uint64_t facts = 0;
  std::array<uint64_t, 2> address{};
};

// A tag is the hash with its lowest bits replaced: the kind, and whether the cell is changing
// hands. The life of a cell:
//
//   free -> busy -> coming -> KEY -> leaving -> busy -> coming -> ...
//
// Between free or leaving and coming, one thread alone has the cell. `coming` is there so that two
// threads that bring the same key at once see each other: whoever finds a second copy that is
// coming takes it away, whoever finds one that has come withdraws. `leaving` may still be undone:
// by the thread that takes the cell away, if it turns out to be used, and by any thread that needs
// the key.
class CellTable {
 public:
  static constexpr size_t kCellsPerBucket = 7;

  // A cell that had the tag a moment ago.
  class Place {
   public:
    Place() = default;
    Place(Cell& cell, std::atomic<uint64_t>& at, uint64_t tag)
        : cell_(&cell), at_(&at), tag_(tag) {}

    explicit operator bool() const { return cell_ != nullptr; }
    Cell* operator->() const { return cell_; }
    const Cell& operator*() const { return *cell_; }

    // Whether the cell still has this tag; one that is being taken away stays when this is asked.
    // Sequentially consistent: what the caller wrote before is seen by whoever takes it away, or
    // the answer is no.
    bool isStill() const {
      uint64_t seen = at_->load();
      if (seen == tag_) return true;
      return seen == (tag_ | kLeaving) &&
             (at_->compare_exchange_strong(seen, tag_) || seen == tag_);
    }
    void touch(Ticks now) const {
      if (now > cell_->stamp.load(std::memory_order_relaxed) + kStampGrain)
        cell_->stamp.store(now, std::memory_order_relaxed);
    }

   private:
    friend class CellTable;
    Cell* cell_ = nullptr;
    std::atomic<uint64_t>* at_ = nullptr;
    uint64_t tag_ = 0;
  };

  struct Found {
    Place place;          // none: there was no room
    bool is_new = false;  // born by this very call
  };

  // Anonymous memory, at least one bucket; pages that are never touched cost none. Throws
  // std::bad_alloc.
  explicit CellTable(uint64_t bytes);
  ~CellTable();
  CellTable(const CellTable&) = delete;
  CellTable& operator=(const CellTable&) = delete;

  // Asks the memory for the whole bucket: the key's cell, and those that may have to make room.
  void prefetch(uint64_t hash) const {
    const auto* const lines = reinterpret_cast<const char*>(&bucketOf(hash));
    for (size_t at = 0; at < sizeof(Bucket); at += sizeof(Cell)) __builtin_prefetch(lines + at, 1);
  }
  // For a key that is most likely not there.
  void prefetchTags(uint64_t hash) const { __builtin_prefetch(&bucketOf(hash).tags); }

  Place find(uint64_t hash, CellKind kind) const;
  // The found or a new cell. A new one takes a cell that is free, else one that has nothing left to
  // remember, else the one of its bucket that was used least recently. Never one that is held; a
  // ban that holds only for another ban, the one that ends first.
  Found findOrTake(uint64_t hash, CellKind kind, const Birth& birth, Ticks now);
  // Of a ban: gives its cell back. False: it was not there any more.
  bool release(const Place& ban);

  // Counts a key that had to be let go unremembered.
  void countUntracked(uint64_t hash);

  uint64_t capacity() const { return buckets_.size() * kCellsPerBucket; }

  // Of the cells of bans; one that is taken away or released is removed here.
  const PrefixLengths& banLengths() const { return ban_lengths_; }
  void addBanLength(const IpAddress& network, int bits) { ban_lengths_.add(network, bits); }
  void removeBanLength(const IpAddress& network, int bits) { ban_lengths_.remove(network, bits); }

  struct Census {
    uint64_t in_use = 0;  // that remember something
    uint64_t evictions = 0;
    uint64_t untracked = 0;
    uint64_t evicted_bans = 0;
  };
  // Looks at every cell: milliseconds.
  Census census(Ticks now) const;

  // Calls `visit(Place)` for each cell that has the kind. Looks at every line of tags.
  template <typename Visit>
  void forEach(CellKind kind, Visit visit) const {
    for (Bucket& bucket : buckets_)
      for (size_t i = 0; i < kCellsPerBucket; ++i) {
        const uint64_t tag = bucket.tags[i].load(std::memory_order_acquire) & ~kLeaving;
        if ((tag & kStateBits) == static_cast<uint64_t>(kind)) visit(bucket.place(i, tag));
      }
  }

 private:
  static constexpr uint64_t kFree = 0;
  static constexpr uint64_t kBusy = 7;  // no kind, no hash
  static constexpr uint64_t kKindBits = 7;
  static constexpr uint64_t kComing = 8;
  static constexpr uint64_t kLeaving = 16;
  static constexpr uint64_t kStateBits = 31;
  // A stamp is younger than it says by less than this, so that a key that is asked for often does
  // not write for it each time.
  static constexpr Ticks kStampGrain = ticksOf(std::chrono::milliseconds(1));
  // Of finding or taking a cell, while others take it away again and again. Beyond hope after so
  // many: the request passes unremembered.
  static constexpr int kAttempts = 16;

  struct alignas(64) Bucket {
    std::array<std::atomic<uint64_t>, kCellsPerBucket> tags;
    std::atomic<uint64_t> losses;  // untracked in the upper half, evictions in the lower
    std::array<Cell, kCellsPerBucket> cells;

    Place place(size_t i, uint64_t tag) { return {cells[i], tags[i], tag}; }
  };
  static_assert(sizeof(Bucket) == 512);

  // How much is lost with a cell, least first.
  struct Worth {
    enum Class : uint8_t { kSpent, kUsed, kBanned, kHeld };
    Class at = kHeld;
    Ticks since = 0;
    friend auto operator<=>(const Worth&, const Worth&) = default;
  };
  struct Victim {
    size_t index = 0;
    uint64_t tag = 0;
    Worth worth;
  };

  static uint64_t tagOf(uint64_t hash, CellKind kind) {
    return (hash & ~kStateBits) | static_cast<uint64_t>(kind);
  }
  // Tags take the upper bits and buckets come from the uppermost: the lower ones are left for this.
  static size_t firstChoice(uint64_t hash) {
    return ((hash >> 5 & 0xffff) * kCellsPerBucket) >> 16;
  }
  static size_t next(size_t i) { return i + 1 == kCellsPerBucket ? 0 : i + 1; }
  static Worth worthOf(const Cell& cell, CellKind kind, Ticks now);

  Bucket& bucketOf(uint64_t hash) const {
    const auto product = static_cast<unsigned __int128>(hash) * buckets_.size();
    return buckets_[static_cast<size_t>(product >> 64)];
  }
  static Place findIn(Bucket& bucket, size_t first, uint64_t tag);
  std::optional<size_t> claim(Bucket& bucket, uint64_t hash, CellKind kind, Ticks now);
  static std::optional<Victim> leastWorth(const Bucket& bucket, CellKind for_kind, Ticks now);
  bool evict(Bucket& bucket, const Victim& victim, Ticks now);
  static void prepare(Cell& cell, CellKind kind, const Birth& birth, Ticks now);
  static bool publish(Bucket& bucket, size_t mine, uint64_t tag);
  static bool isTheOnlyOne(Bucket& bucket, size_t mine, uint64_t tag);
  void forgetBan(const Cell& cell);

  std::span<Bucket> buckets_;
  PrefixLengths ban_lengths_;
  std::atomic<uint64_t> evicted_bans_{0};
};

// The network of a ban's cell.
Cidr networkOf(const Cell& cell);
std::array<uint64_t, 2> wordsOf(const IpAddress& address);

}  // namespace fairlead::firewall
