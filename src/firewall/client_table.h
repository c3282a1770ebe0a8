// All that the firewall remembers of clients, in a fixed amount of memory that all workers share:
// rates, counts, offences and bans.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "firewall/cell_table.h"
#include "firewall/keyed_hash.h"
#include "firewall/rate.h"

namespace fairlead::firewall {

// What is counted, as a hash that no client can aim at another one's (ClientTable::key). The same
// key may be limited, counted and watched: these are three cells.
struct Key {
  uint64_t hash = 0;
};

// One of those that are counted for a key, until it is destroyed. Any thread; the table must
// outlive it.
class Hold {
 public:
  Hold() = default;
  explicit Hold(std::atomic<uint64_t>& held) : held_(&held) {}
  Hold(Hold&& other) noexcept : held_(std::exchange(other.held_, nullptr)) {}
  Hold& operator=(Hold&& other) noexcept {
    Hold taken(std::move(other));
    std::swap(held_, taken.held_);
    return *this;
  }
  ~Hold() {
    if (held_ != nullptr) held_->fetch_sub(1, std::memory_order_release);
  }

  explicit operator bool() const { return held_ != nullptr; }

 private:
  std::atomic<uint64_t>* held_ = nullptr;
};

struct Counted {
  bool passes = true;
  uint64_t count = 0;  // this one included; 0: there was no room to count
  Hold hold;           // none when it does not pass, or was not counted
};

struct Banned {
  Ban ban;                     // as it is now
  bool is_new = false;         // false: the network was banned already
  std::optional<Ban> network;  // the network around it, banned by this one
};

// Every function may be called by any thread at any time, allocates nothing unless it says so, and
// never waits. `now` is the steady clock's; the clocks of threads may differ by what a turn of a
// loop takes.
//
// A cell may be taken from a key at any moment, because its bucket needs room (cell_table.h). A
// thread that is just about to write to it may then charge one request, or one offence, to the key
// that has the cell next, and never more. What counts connections and requests is exact: what is
// held is not taken away.
class ClientTable {
 public:
  static constexpr uint64_t kDefaultBytes = uint64_t{64} << 20;
  static constexpr uint64_t kNoLimit = UINT64_MAX;

  // Throws std::bad_alloc.
  ClientTable(uint64_t bytes, const HashSecret& secret) : cells_(bytes), hash_(secret) {}

  // `rule` says apart what is counted for different reasons; an address is to be masked already.
  Key key(uint64_t rule, std::string_view text) const { return {hash_.of(rule, text)}; }
  Key key(uint64_t rule, const IpAddress& address) const { return {hash_.of(rule, address)}; }

  // A key that is asked for at random is not in the cache, and waiting for it is nearly all that
  // asking costs: whoever knows the key early and has something else to do says so here.
  void prefetch(Key key) const { cells_.prefetch(key.hash); }

  // One request of the key. Without room it passes.
  Taken take(const Rate& rate, Key key, TimePoint now);

  // One more of the key, as long as fewer than `most` are held. Without room it passes uncounted.
  Counted hold(Key key, uint64_t most, TimePoint now);
  // How many are held at the moment.
  uint64_t held(Key key) const;

  // One offence of the key; true when the rule trips, which starts the count anew.
  bool offend(Key key, const OffenceRule& rule, TimePoint now);

  // Bans the network as often as it was banned before allows. Of a network that is banned, the end
  // moves if the new one is later, but no rule moves that of a ban by hand. Nothing when the bucket
  // is full of what must not be lost.
  std::optional<Banned> ban(const Cidr& network, const BanRule& rule, TimePoint now);
  // A ban as it was told by `bans`, earlier or by another process. False: there was no room.
  bool restore(const Ban& ban, TimePoint now);
  // Ends a ban and forgets its strikes. False: there was none.
  bool lift(const Cidr& network, TimePoint now);
  // Whether banOf has anything to look for: one load.
  bool hasBans() const { return !cells_.banLengths().empty(); }
  // The one with the longest prefix that holds for the address.
  std::optional<Ban> banOf(const IpAddress& address, TimePoint now) const;
  // All of those, in no order, and gives back the cells of bans that are forgotten. Looks at the
  // whole table and allocates: not for workers.
  std::vector<Ban> bans(TimePoint now, BansThat which = BansThat::Hold);

  struct Facts {
    uint64_t capacity = 0;   // keys
    uint64_t in_use = 0;     // keys of which there is something to remember
    uint64_t evictions = 0;  // of keys of which there was
    uint64_t untracked = 0;  // requests, holds and offences that found no room
    uint64_t bans = 0;
    uint64_t evicted_bans = 0;  // that held; among the evictions
  };
  // Looks at the whole table: milliseconds.
  Facts facts(TimePoint now) const;

 private:
  uint64_t hashOf(const IpAddress& network, int bits) const {
    return hash_.of(static_cast<uint64_t>(bits), network);
  }
  std::optional<Ban> banIn(uint64_t hash, const Cidr& network, Ticks now) const;
  std::optional<Banned> banAnew(const Cidr& network, const BanRule& rule, TimePoint now);
  CellTable::Found bear(const Ban& ban, TimePoint now);
  std::optional<Ban> networkAround(const Cidr& network, const BanRule& rule, TimePoint now);

  CellTable cells_;
  KeyedHash hash_;
};

}  // namespace fairlead::firewall
