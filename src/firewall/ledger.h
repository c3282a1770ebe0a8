// What the firewall did, rule by rule: how often, and to whom. Workers write, the admin view reads.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "firewall/judgement.h"

namespace fairlead::firewall {

enum class Effect : uint8_t {
  Blocked,
  Observed  // would have been blocked
};

// One client of a rule that hits. Clients of IPv6 are known by their /64.
struct HitClient {
  static constexpr size_t kExampleText = 120;

  Cidr client;
  uint64_t hits = 0;    // at most; may include some of clients that were pushed out of the list
  std::string example;  // its last request: "GET www.example.com/admin"
  std::chrono::microseconds last{};  // since 1970
};

struct RuleReport {
  std::string rule;
  Mark mark;
  uint64_t blocked = 0;
  uint64_t observed = 0;
  std::vector<HitClient> clients;  // most hits first
};

// The clients that hit most, of a stream of hits of any length, in fixed memory: a new client takes
// the place of the one with the fewest hits, and its count (Metwally, Agrawal, El Abbadi: Space-
// Saving). Whoever has more than one of kPlaces parts of the hits is always there.
class HeavyHitters {
 public:
  static constexpr size_t kPlaces = 32;

  void add(const Cidr& client, std::string_view example, std::chrono::microseconds now);
  // Adds what it knows to `into`, client by client.
  void mergeInto(std::vector<HitClient>& into) const;

 private:
  struct Place {
    Cidr client;
    uint64_t hits = 0;
    std::chrono::microseconds last{};
    std::array<char, HitClient::kExampleText> example{};
    uint8_t example_length = 0;
  };
  std::array<Place, kPlaces> places_{};
  size_t used_ = 0;
};

class Ledger {
 public:
  // Rules with a list of clients, for each worker; what others do is only counted.
  static constexpr size_t kDetailed = 256;

  // What one worker writes, on lines of its own. Its lock is free but while somebody reads.
  class alignas(64) Lane {
   public:
    void note(const Hit& hit, Effect effect, const Question& question);

   private:
    friend class Ledger;
    struct Tally {
      std::string rule;
      Mark mark;
      uint64_t blocked = 0;
      uint64_t observed = 0;
      std::unique_ptr<HeavyHitters> clients;
    };
    std::vector<uint64_t> places();

    std::mutex mutex_;
    std::unordered_map<uint64_t, Tally> tallies_;  // by the place of the rule; only ever added to
    size_t detailed_ = 0;
  };

  explicit Ledger(size_t lanes);
  Lane& lane(size_t number) { return *lanes_[number]; }
  // Of all workers together, the rule with the most hits first. Any thread.
  std::vector<RuleReport> report() const;

 private:
  std::vector<std::unique_ptr<Lane>> lanes_;
};

}  // namespace fairlead::firewall
