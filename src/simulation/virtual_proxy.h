// fairlead's side of simulated requests: the steps of proxy::Journey as events, with the same
// cores.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "simulation/latencies.h"
#include "simulation/run.h"
#include "simulation/scene.h"
#include "upstream/chooser.h"
#include "upstream/permit.h"
#include "upstream/retry_policy.h"
#include "upstream/retry_turn.h"

namespace fairlead::simulation {

// What a client asks.
struct Question {
  http::Method method = http::Method::Get;
  uint32_t client = 0;
  uint64_t luck = 0;  // of this request, whoever serves it
};

// Of one worker thread, which may choose at any moment; the control thread's part is VirtualChecks.
class VirtualProxy final : public upstream::Waiters {
 public:
  VirtualProxy(const Scene& scene, Random random);

  void begin(const Question& question);
  void on(const Event& event);
  // The job of a request is done, or was lost with its server's process.
  void onServed(const Job& job, const Origin& origin);
  void onLost(const Job& job);
  // The server's process ended: so did its idle connections.
  void onDown(size_t server) { idle_[server].clear(); }

  size_t open() const { return open_; }
  // Ends whatever is still under way, as "unanswered".
  void cutOff();

  // Everything but names, ejections, downs and utilisation.
  Figures figures() const;

  void call(uint64_t ticket, Call what) override;

 private:
  enum class Wait : uint8_t { None, InRoom, Called };
  // One request under way. What happens to it is told apart by its turn: events of an earlier one
  // come too late.
  struct Visit {
    bool is_open = false;
    uint32_t turn = 0;
    Question question;
    TimePoint began{};
    TimePoint until = kNever;  // timeouts.total
    balance::Tried tried;
    uint32_t attempts = 0;
    upstream::RetryTurn retry;
    Failure failure;       // while it waits for a ticket of the budget ...
    TimePoint patience{};  // ... until then
    upstream::Permit permit;
    upstream::Pick pick;  // counted in flight
    bool connected = false;
    bool reused = false;
    bool fresh_connection = false;  // the next attempt goes to the same server
    TimePoint queued{};             // the begin of this attempt
    TimePoint sent{};
    Wait wait = Wait::None;
    upstream::WaitingRoom::Guest guest;
  };

  Event eventOf(What what, const Visit& visit, uint32_t more = 0) const;
  uint32_t placeOf(const Visit& visit) const {
    return static_cast<uint32_t>(&visit - visits_.data());
  }
  size_t serverOf(const upstream::Pick& pick) const { return numbers_[pick.group][pick.id]; }
  const upstream::PoolSettings& settings() const { return scene_.pool.settings; }
  upstream::Tally& tally() { return *scene_.pool.tallies.front(); }

  // The way of a request.
  Result<void> takeServer(Visit& visit, upstream::Permit::Comes comes);
  void enterQueue(Visit& visit);
  void onCall(Visit& visit);
  void onCallOfNobody();
  void attempt(Visit& visit);
  void connect(Visit& visit);
  void send(Visit& visit);
  void reach(const Visit& visit);
  void onAnswer(Visit& visit, uint16_t status);
  void onOverdue(Visit& visit);
  void onFailure(Visit& visit, const Failure& failure);
  void pauseAndRetry(Visit& visit);
  void again(Visit& visit);
  void finish(Visit& visit, uint16_t status, const Failure* failure);
  void countError(std::string kind);
  void close(Visit& visit);

  // What of an attempt there is to say and to try again.
  upstream::AttemptFacts factsOf(const Visit& visit) const;
  void report(Visit& visit, bool failed, std::optional<Duration> latency);
  bool prepareRetry(Visit& visit, upstream::RetryDecision decision);
  bool mayRetryElsewhere(Visit& visit);
  void onTicketTime(Visit& visit);
  void leaveServer(Visit& visit);
  void keepConnection(const Visit& visit);
  bool takeIdle(size_t server);
  void remember(const Visit& visit);

  Scene scene_;
  Random random_;
  upstream::Chooser chooser_;
  std::vector<std::vector<uint32_t>> numbers_;  // of servers in the roster, by group and place
  std::vector<Visit> visits_;
  std::vector<uint32_t> free_;
  size_t open_ = 0;
  std::vector<std::vector<TimePoint>> idle_;  // connections by server: when each is closed
  std::vector<upstream::Pick> homes_;  // sticky clients' servers; empty unless the pool is sticky

  Figures figures_;
  Latencies latencies_;
};

}  // namespace fairlead::simulation
