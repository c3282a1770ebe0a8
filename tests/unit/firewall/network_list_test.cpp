// Lists of networks: which one has an address, in tables and against a walk over all of them.
#include "firewall/network_list.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "base/random.h"

namespace fairlead::firewall {
namespace {

std::vector<NetworkList::Entry> entriesOf(const std::vector<const char*>& texts) {
  std::vector<NetworkList::Entry> entries;
  for (const char* text : texts)
    entries.push_back({*Cidr::parse(text), static_cast<uint32_t>(entries.size()) + 1, 3});
  return entries;
}

// "10.0.0.0/8 line 2", "" when nothing has the address.
std::string found(const NetworkList& list, const IpAddress& address) {
  const auto entry = list.find(address);
  if (!entry) return {};
  return entry->cidr.text() + " line " + std::to_string(entry->line);
}

struct FindRow {
  const char* name;
  std::vector<const char*> networks;
  const char* address;
  const char* found;
};

const FindRow kRows[] = {
    {"nothing in an empty list", {}, "10.0.0.1", ""},
    {"an address", {"10.0.0.1"}, "10.0.0.1", "10.0.0.1/32 line 1"},
    {"the address before", {"10.0.0.1"}, "10.0.0.0", ""},
    {"the address behind", {"10.0.0.1"}, "10.0.0.2", ""},
    {"first of a network", {"10.0.0.0/8"}, "10.0.0.0", "10.0.0.0/8 line 1"},
    {"last of a network", {"10.0.0.0/8"}, "10.255.255.255", "10.0.0.0/8 line 1"},
    {"behind a network", {"10.0.0.0/8"}, "11.0.0.0", ""},
    {"the longer one", {"10.0.0.0/8", "10.1.0.0/16"}, "10.1.2.3", "10.1.0.0/16 line 2"},
    {"before the longer one", {"10.0.0.0/8", "10.1.0.0/16"}, "10.0.9.9", "10.0.0.0/8 line 1"},
    {"behind the longer one", {"10.0.0.0/8", "10.1.0.0/16"}, "10.2.0.0", "10.0.0.0/8 line 1"},
    {"order does not matter", {"10.1.0.0/16", "10.0.0.0/8"}, "10.1.2.3", "10.1.0.0/16 line 1"},
    {"same beginning", {"10.0.0.0/8", "10.0.0.0/24"}, "10.0.0.1", "10.0.0.0/24 line 2"},
    {"same end", {"10.0.0.0/8", "10.255.255.0/24"}, "11.0.0.0", ""},
    {"three deep", {"10.0.0.0/8", "10.1.0.0/16", "10.1.1.1"}, "10.1.1.2", "10.1.0.0/16 line 2"},
    {"neighbours", {"10.0.0.0/25", "10.0.0.128/25"}, "10.0.0.128", "10.0.0.128/25 line 2"},
    {"the first of duplicates", {"10.0.0.0/8", "10.0.0.0/8"}, "10.0.0.1", "10.0.0.0/8 line 1"},
    {"everything of IPv4", {"0.0.0.0/0"}, "255.255.255.255", "0.0.0.0/0 line 1"},
    {"everything of IPv4 is not of IPv6", {"0.0.0.0/0"}, "::1", ""},
    {"the last address", {"255.255.255.255"}, "255.255.255.255", "255.255.255.255/32 line 1"},
    {"the first address", {"0.0.0.0"}, "0.0.0.0", "0.0.0.0/32 line 1"},
    {"IPv4-mapped address", {"10.0.0.0/8"}, "::ffff:10.1.2.3", "10.0.0.0/8 line 1"},
    {"IPv4-mapped network", {"::ffff:10.0.0.0/104"}, "10.1.2.3", "10.0.0.0/8 line 1"},
    {"IPv4-compatible is IPv6", {"10.0.0.0/8"}, "::10.1.2.3", ""},
    {"everything of IPv6", {"::/0"}, "2001:db8::1", "::/0 line 1"},
    {"everything of IPv6 is not of IPv4", {"::/0"}, "10.0.0.1", ""},
    {"around the mapped addresses", {"::/64"}, "10.0.0.1", ""},
    {"the last of IPv6",
     {"ffff::/16"},
     "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
     "ffff::/16 line 1"},
    {"a /64", {"2001:db8::/64"}, "2001:db8::ffff:0:0:1", "2001:db8::/64 line 1"},
    {"behind a /64", {"2001:db8::/64"}, "2001:db8:0:1::", ""},
    {"longer than /64", {"2001:db8::/32", "2001:db8::/96"}, "2001:db8::1", "2001:db8::/96 line 2"},
    {"around longer than /64",
     {"2001:db8::/32", "2001:db8::/96"},
     "2001:db8::1:0:0:1",
     "2001:db8::/32 line 1"},
    {"a /128 at the end of a /64", {"2001:db8::ffff:ffff:ffff:ffff"}, "2001:db8:0:1::", ""},
    {"both families", {"::/0", "0.0.0.0/0"}, "1.2.3.4", "0.0.0.0/0 line 2"},
};

TEST(NetworkList, FindsTheLongestNetwork) {
  for (const FindRow& row : kRows) {
    const NetworkList list(entriesOf(row.networks));
    EXPECT_EQ(found(list, *IpAddress::parse(row.address)), row.found) << row.name;
  }
}

TEST(NetworkList, KnowsWhereAnEntryStands) {
  const NetworkList list({{*Cidr::parse("10.0.0.0/8"), 4'000'000'000, 7},
                          {*Cidr::parse("::1"), 1, NetworkList::kLargestColumn + 1}});
  EXPECT_EQ(list.find(*IpAddress::parse("10.0.0.1"))->line, 4'000'000'000);
  EXPECT_EQ(list.find(*IpAddress::parse("10.0.0.1"))->column, 7u);
  EXPECT_EQ(list.find(*IpAddress::parse("::1"))->column, NetworkList::kLargestColumn);
}

TEST(NetworkList, CountsDifferentNetworks) {
  EXPECT_EQ(NetworkList().count(), 0u);
  EXPECT_EQ(NetworkList(entriesOf({"10.0.0.0/8", "10.0.0.0/9", "::/0", "10.0.0.0/8"})).count(), 3u);
}

// The last key of a level that is padded, with as many keys as a node has, one less and one more.
TEST(NetworkList, FindsTheEndsAtEverySize) {
  for (const bool is_v6 : {false, true}) {
    std::vector<NetworkList::Entry> entries;
    for (uint32_t n = 0; n < 600; ++n) {
      const IpAddress address = is_v6 ? *IpAddress::parse("ffff:ffff:ffff:ffff:ffff:ffff:ffff:" +
                                                          fmt::format("{:x}", 0xffff - 2 * n))
                                      : IpAddress::v4(0xffffffff - 2 * n);
      entries.push_back({Cidr(address, 128), n + 1, 1});
      const NetworkList list(entries);
      for (const auto& entry : {entries.front(), entries.back()}) {
        const auto hit = list.find(entry.cidr.network());
        ASSERT_TRUE(hit && hit->line == entry.line) << n << entry.cidr.text();
      }
    }
  }
}

// Few different bits, so that networks nest, touch and repeat.
IpAddress crowdedAddress(Random& random) {
  std::array<uint8_t, 16> bytes{};
  const bool is_v4 = random.below(2) == 0;
  if (is_v4) bytes[10] = bytes[11] = 0xff;
  for (size_t i = is_v4 ? 12 : 0; i < 16; ++i) {
    static constexpr uint8_t kBytes[] = {0, 1, 0x80, 0xff, 0x7f};
    bytes[i] = random.below(3) == 0 ? kBytes[random.below(5)] : 0;
  }
  return IpAddress::v6(bytes);
}

TEST(NetworkList, AgreesWithTheNaiveReading) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    Random random(seed);
    std::vector<NetworkList::Entry> entries;
    for (uint64_t n = random.below(seed % 3 == 0 ? 400 : 40); n > 0; --n) {
      const IpAddress address = crowdedAddress(random);
      const int bits = address.isV4() ? 96 + static_cast<int>(random.below(33))
                                      : static_cast<int>(random.below(129));
      entries.push_back({Cidr(address.masked(bits), bits),
                         static_cast<uint32_t>(entries.size()) + 1,
                         static_cast<uint32_t>(random.below(9))});
    }
    const NetworkList list(entries);
    for (int i = 0; i < 300; ++i) {
      IpAddress address = crowdedAddress(random);
      if (!entries.empty() && i % 3 == 0)
        address = entries[random.below(entries.size())].cidr.network();
      const NetworkList::Entry* longest = nullptr;
      for (const auto& entry : entries)
        if (entry.cidr.contains(address) &&
            (longest == nullptr || entry.cidr.bits() > longest->cidr.bits()))
          longest = &entry;
      const auto hit = list.find(address);
      ASSERT_EQ(hit.has_value(), longest != nullptr) << seed << " " << address.text();
      if (!longest) continue;
      ASSERT_EQ(hit->cidr.text(), longest->cidr.text()) << seed << " " << address.text();
      ASSERT_EQ(hit->line, longest->line) << seed << " " << address.text();
      ASSERT_EQ(hit->column, longest->column) << seed << " " << address.text();
    }
  }
}

}  // namespace
}  // namespace fairlead::firewall
