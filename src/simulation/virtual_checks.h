// The control thread's side of a simulation: active checks that simulated servers answer, and the
// pool's record, which is the real one.
#pragma once

#include <vector>

#include "base/random.h"
#include "simulation/run.h"
#include "simulation/scene.h"
#include "upstream/pool_record.h"

namespace fairlead::simulation {

class VirtualChecks {
 public:
  VirtualChecks(const Scene& scene, Random random);

  void on(const Event& event);
  void onServed(const Job& job);
  void onLost(const Job& job);

  // Adds what the record saw: ejections and downs.
  void addTo(Figures& figures) const;

 private:
  struct Check {
    uint32_t turn = 0;
    TimePoint began{};
  };

  void planCheck(uint32_t server);
  void planPulse();
  void begin(uint32_t server);
  void reach(uint32_t server);
  void end(uint32_t server, bool passed);
  void note(const upstream::PoolEvent& event);
  Event eventOf(What what, uint32_t server, uint32_t more = 0) const {
    return {.what = what, .about = server, .turn = checks_[server].turn, .more = more};
  }
  bool isHttp() const { return !scene_.pool.settings.health.path.value.empty(); }

  Scene scene_;
  Random random_;
  upstream::FirstChecks first_checks_;
  std::vector<Check> checks_;  // in the order of the roster
  Figures seen_;
  upstream::PoolRecord record_;  // declared last: it speaks of servers while it is made
};

}  // namespace fairlead::simulation
