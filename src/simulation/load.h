// What a simulation is made of beside the pool: who asks how often, how the servers are, and what
// happens to them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/settings.h"
#include "base/time.h"
#include "config/environment.h"
#include "http/message.h"
#include "simulation/service_time.h"
#include "upstream/server.h"

namespace fairlead::simulation {

using namespace std::chrono_literals;

// From `at` on; the last one holds to the end.
struct RateStep {
  Duration at{};  // after the beginning of the load
  double per_second = 0;
};

struct MethodShare {
  http::Method method = http::Method::Get;
  double share = 0;  // of the sum of all
};

// A server at its usual.
struct OriginModel {
  uint32_t workers =
      8;  // requests that it works on at once; the others wait, first come first served
  ServiceTime service = *ServiceTime::lognormal(20ms, 120ms);
  double speed = 1;       // 0.5: everything takes twice as long
  double errors = 0;      // share of its answers
  uint16_t status = 503;  // of those
};

// Something that happens to a server for a while.
struct Trouble {
  enum class Kind : uint8_t {
    Down,    // its process is gone: what it worked on is lost, connections are refused
    Hang,    // accepts, and answers nothing before the end of it
    Slow,    // what it begins takes `amount` times as long
    Errors,  // this share of its answers are errors
  };
  Kind kind = Kind::Down;
  size_t server = 0;  // index into Load::origins
  Duration at{};
  Duration length = Duration::max();  // to the end of the load
  double amount = 0;
};

struct Load {
  std::vector<RateStep> rates;  // in the order of time; arrivals are Poisson's
  Duration duration{5min};
  uint32_t clients = 500;            // each with a key of its own
  std::vector<MethodShare> methods;  // not empty
  Duration network{200us};           // one way between fairlead and a server
  std::vector<OriginModel> origins;  // one for each server of the pool
  std::vector<Trouble> troubles;
  uint64_t seed = 1;

  double requests() const;  // that are to be expected
};

// A load file: `name` is what findings call it. Nothing when it has an error.
std::optional<Load> readLoad(std::string name, std::string text,
                             std::span<const upstream::ServerSpec> servers,
                             const config::Environment& environment, Diagnostics& out);

// The text of the load that is used when none is given: five minutes, one server at half the speed,
// and one that is down for the second minute.
std::string builtInLoad(std::span<const upstream::ServerSpec> servers);

// What logs and load files call a server.
inline const std::string& nameOf(const upstream::ServerSpec& server) {
  return server.name.empty() ? server.address : server.name;
}

// The mappings of a load file, for the test of their documentation.
std::span<const Section* const> loadSections();

}  // namespace fairlead::simulation
