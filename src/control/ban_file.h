// The file of bans in the state folder: a ban a line, for the next start and for people to read.
#pragma once

#include <chrono>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_address.h"

namespace fairlead::control {

// Times are of the wall clock, since 1970.
struct KeptBan {
  Cidr network;
  std::chrono::microseconds since{};
  std::optional<std::chrono::microseconds> until;  // none: until it is lifted
  std::chrono::seconds memory{};                   // Ban::memory
  uint32_t strikes = 1;
  std::string rule;   // what the rule that banned it counts: "20 x 404 in 1m"; empty: by hand
  std::string place;  // where the rule stood: "edge.yaml:7"
  std::string why;    // an operator's words

  friend bool operator==(const KeptBan&, const KeptBan&) = default;
};

// Each line is an object of JSON.
std::string textOf(std::span<const KeptBan> bans);

struct ReadBans {
  std::vector<KeptBan> bans;
  std::vector<std::string> faults;  // "line 3: `10.0.0.300` is no address", at most kMostFaults
  size_t left_out = 0;              // lines, whether their faults are told or not

  static constexpr size_t kMostFaults = 5;
};
// Takes what can be taken.
ReadBans readBans(std::string_view text);

std::string banFileIn(const std::string& folder);
// Empty when there is no such file. The error is a sentence.
std::expected<std::string, std::string> readBanFile(const std::string& folder);
// The whole file at once, or not at all: it is on the disk when this returns. Only its owner may
// read it. One process writes, from one thread.
std::expected<void, std::string> writeBanFile(const std::string& folder, std::string_view text);

}  // namespace fairlead::control
