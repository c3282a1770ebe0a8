// What one lookup costs in lists of a million networks, and what such a list costs in memory and in
// time to read.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <array>
#include <string>
#include <vector>

#include "base/random.h"
#include "firewall/live_list.h"

namespace {

using namespace fairlead;
using namespace fairlead::firewall;

constexpr int64_t kMillion = 1'000'000;
constexpr int64_t kFew = 1'000;  // so that all of it is in the cache
constexpr size_t kClients = size_t{1} << 20;

enum class Mix : int64_t { V4, V6, Both, V4Hosts, V6Hosts };

IpAddress randomV4(Random& random) { return IpAddress::v4(static_cast<uint32_t>(random.next())); }

// Of 2000::/3, as addresses of the network are.
IpAddress randomV6(Random& random) {
  std::array<uint8_t, 16> bytes{};
  for (size_t i = 0; i < bytes.size(); i += 8) {
    const uint64_t word = random.next();
    for (size_t j = 0; j < 8; ++j) bytes[i + j] = static_cast<uint8_t>(word >> (8 * j));
  }
  bytes[0] = static_cast<uint8_t>(0x20 | (bytes[0] & 0x1f));
  return IpAddress::v6(bytes);
}

bool isV6(Mix mix, Random& random) {
  if (mix == Mix::Both) return random.below(2) == 0;
  return mix == Mix::V6 || mix == Mix::V6Hosts;
}

// Most are longer than /16 and /32: shorter ones would have everything between them.
Cidr randomNetwork(Mix mix, Random& random) {
  const bool v6 = isV6(mix, random);
  const bool is_host = mix == Mix::V4Hosts || mix == Mix::V6Hosts;
  const int bits =
      is_host ? 128 : static_cast<int>(v6 ? 20 + random.below(109) : 104 + random.below(25));
  const IpAddress address = v6 ? randomV6(random) : randomV4(random);
  return {address.masked(bits), bits};
}

// Of the mix and the number that the benchmark is run with.
std::vector<NetworkList::Entry> randomEntries(const benchmark::State& state) {
  const auto mix = static_cast<Mix>(state.range(0));
  Random random(1);
  std::vector<NetworkList::Entry> entries;
  for (uint32_t line = 1; line <= state.range(1); ++line)
    entries.push_back({randomNetwork(mix, random), line, 1});
  return entries;
}

// Half of them lie in one of the networks, with random bits behind it; the other half anywhere.
std::vector<IpAddress> randomClients(const std::vector<NetworkList::Entry>& entries) {
  Random random(2);
  std::vector<IpAddress> clients;
  while (clients.size() < kClients) {
    const Cidr& cidr = entries[random.below(entries.size())].cidr;
    const IpAddress anywhere = cidr.network().isV4() ? randomV4(random) : randomV6(random);
    std::array<uint8_t, 16> bytes = anywhere.bytes();
    for (int bit = 0; clients.size() % 2 == 0 && bit < cidr.bits(); ++bit) {
      const auto at = static_cast<size_t>(bit / 8);
      const auto mask = static_cast<uint8_t>(0x80 >> (bit % 8));
      bytes[at] = static_cast<uint8_t>((bytes[at] & ~mask) | (cidr.network().bytes()[at] & mask));
    }
    clients.push_back(IpAddress::v6(bytes));
  }
  return clients;
}

// What the list has, and what the allocator says that it took, in MiB.
void tellMemory(benchmark::State& state, const NetworkList& list, size_t allocated) {
  constexpr double kMiB = 1 << 20;
  state.counters["MiB"] = static_cast<double>(list.size()) / kMiB;
  state.counters["allocated_MiB"] = static_cast<double>(allocated) / kMiB;
}

size_t allocatedNow() {
  const struct mallinfo2 info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
}

// `is_chained`: each lookup waits for the one before, as a request would that comes alone.
void find(benchmark::State& state, bool is_chained) {
  auto entries = randomEntries(state);
  const std::vector<IpAddress> clients = randomClients(entries);
  const size_t before = allocatedNow() - entries.capacity() * sizeof(NetworkList::Entry);
  const NetworkList list(std::move(entries));
  const size_t allocated = allocatedNow() - before;
  size_t at = 0;
  size_t hits = 0;
  size_t lookups = 0;
  for (auto _ : state) {
    const auto found = list.find(clients[at]);
    uint32_t line = found ? found->line : 0;
    benchmark::DoNotOptimize(line);
    hits += found ? 1 : 0;
    ++lookups;
    at = (at + 1 + (is_chained ? line >> 31 : 0)) % kClients;  // lines end before 2^31
  }
  state.counters["hits"] = static_cast<double>(hits) / static_cast<double>(lookups);
  tellMemory(state, list, allocated);
}

void Find(benchmark::State& state) { find(state, false); }
void FindOneAfterTheOther(benchmark::State& state) { find(state, true); }

void Build(benchmark::State& state) {
  const auto entries = randomEntries(state);
  for (auto _ : state) {
    const NetworkList list(entries);
    benchmark::DoNotOptimize(list.count());
  }
}

// From the text of a file.
void Read(benchmark::State& state) {
  std::string text;
  for (const auto& entry : randomEntries(state)) text += entry.cidr.text() + "\n";
  Diagnostics out;
  out.files.push_back({"list", std::move(text)});
  for (auto _ : state) benchmark::DoNotOptimize(readNetworkList(0, out)->count());
}

void mixes(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"v4_v6_both_v4hosts_v6hosts", "networks"});
  for (int64_t mix = 0; mix <= 4; ++mix) benchmark->Args({mix, kMillion});
}

void fewToo(benchmark::internal::Benchmark* benchmark) {
  mixes(benchmark);
  for (int64_t mix = 0; mix <= 4; ++mix) benchmark->Args({mix, kFew});
}

BENCHMARK(Find)->Apply(fewToo);
BENCHMARK(FindOneAfterTheOther)->Apply(fewToo);
BENCHMARK(Build)->Apply(mixes)->Unit(benchmark::kMillisecond);
BENCHMARK(Read)->Apply(mixes)->Unit(benchmark::kMillisecond);

}  // namespace
