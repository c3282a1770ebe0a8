// Laying networks flat, and the search.
#include "firewall/network_list.h"

#include <algorithm>
#include <cstring>
#include <tuple>

namespace fairlead::firewall {
namespace {

constexpr int kV4Bits = 96;  // where the IPv4 part of the mapped form begins

uint64_t bigEndian(const uint8_t* bytes) {
  uint64_t word = 0;
  std::memcpy(&word, bytes, sizeof word);
  return __builtin_bswap64(word);
}

template <typename Key>
Key keyOf(const IpAddress& address) {
  const WideKey high = bigEndian(address.bytes().data());
  return static_cast<Key>(high << 64 | bigEndian(address.bytes().data() + 8));
}

// The last key of the network of `bits` (of 128) that begins at `first`.
template <typename Key>
Key lastOf(Key first, int bits) {
  const int free = 128 - bits;
  return free == sizeof(Key) * 8 ? static_cast<Key>(~Key{0})
                                 : static_cast<Key>(first | ((Key{1} << free) - 1));
}

}  // namespace

// One walk over sorted networks, those that are open (around the current place) on a stack.
template <typename Key>
class Flattening {
 public:
  using Record = NetworkList::Record;
  using Boundary = typename Boundaries<Key, Record>::Boundary;
  struct Network {
    Key first{};
    Record record;
  };

  // `networks` in the order of the file.
  explicit Flattening(std::vector<Network> networks) {
    if (networks.empty()) return;
    std::ranges::sort(networks, [](const Network& a, const Network& b) {
      const auto order = [](const Record& record) {
        return std::tuple<uint32_t, uint32_t, uint32_t>(record.bits, record.line, record.column);
      };
      return a.first != b.first ? a.first < b.first : order(a.record) < order(b.record);
    });
    boundaries_.reserve(2 * networks.size() + 1);
    boundaries_.push_back({});
    for (const Network& network : networks) open(network);
    while (!open_.empty()) close();
  }

  Boundaries<Key, Record> boundaries() const { return Boundaries<Key, Record>(boundaries_); }
  size_t count() const { return count_; }

 private:
  struct Open {
    Key last{};
    Record record;
  };

  void open(const Network& network) {
    while (!open_.empty() && open_.back().last < network.first) close();
    // A network with the same beginning and length as the innermost open one is that one.
    const bool is_known = !open_.empty() && open_.back().record.bits == network.record.bits;
    if (is_known) return;
    ++count_;
    open_.push_back({lastOf(network.first, static_cast<int>(network.record.bits)), network.record});
    put(network.first, network.record);
  }

  void close() {
    const auto next = static_cast<Key>(open_.back().last + 1);
    open_.pop_back();
    // Nothing comes behind the last key of all.
    if (next != 0) put(next, open_.empty() ? Record() : open_.back().record);
  }

  void put(const Key& key, const Record& record) {
    if (boundaries_.back().key == key)
      boundaries_.back().value = record;
    else
      boundaries_.push_back({key, record});
  }

  std::vector<Open> open_;
  std::vector<Boundary> boundaries_;
  size_t count_ = 0;
};

NetworkList::NetworkList(std::vector<Entry> entries) {
  std::vector<Flattening<uint32_t>::Network> narrow;
  std::vector<Flattening<WideKey>::Network> wide;
  for (const Entry& entry : entries) {
    const auto bits = static_cast<uint32_t>(entry.cidr.bits());
    const Record record{entry.line, std::min(entry.column, kLargestColumn) & kLargestColumn, bits};
    const IpAddress& network = entry.cidr.network();
    if (network.isV4() && entry.cidr.bits() >= kV4Bits)
      narrow.push_back({keyOf<uint32_t>(network), record});
    else
      wide.push_back({keyOf<WideKey>(network), record});
  }
  entries = {};
  const Flattening<uint32_t> flat(std::move(narrow));
  const Flattening<WideKey> flat_wide(std::move(wide));
  v4_ = flat.boundaries();
  v6_ = flat_wide.boundaries();
  count_ = flat.count() + flat_wide.count();
}

std::optional<NetworkList::Entry> NetworkList::find(const IpAddress& address) const {
  const bool is_v4 = address.isV4();
  if (is_v4 ? v4_.empty() : v6_.empty()) return std::nullopt;
  const Record record =
      is_v4 ? v4_.find(keyOf<uint32_t>(address)) : v6_.find(keyOf<WideKey>(address));
  // Without a branch, so that who looks for many waits for none of them.
  const auto bits = static_cast<int>(record.bits);
  std::optional<Entry> found(Entry{Cidr(address.masked(bits), bits), record.line, record.column});
  if (record.bits == kNothing) found.reset();
  return found;
}

}  // namespace fairlead::firewall
