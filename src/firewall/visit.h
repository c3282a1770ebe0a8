// A request at the firewall: rules, limits and bans of a level, in their order.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "firewall/client_table.h"
#include "firewall/firewall_rules.h"
#include "firewall/ledger.h"

namespace fairlead::firewall {

// A ban that was learned just now.
struct Learned {
  Ban ban;
  const AutoBan& rule;
  bool observed = false;  // only would have been
};

// What the firewall has for one worker. The table is shared by all of them.
struct Sentry {
  ClientTable& clients;
  Ledger::Lane& ledger;
  std::span<const AutoBan> bans;  // of the whole configuration, by number
  std::function<void(const Learned&)> onBan;
};

// The places that a connection has among those of its client, one for each limit that it came to.
// Kept as long as the connection.
class Places {
 public:
  // How many connections of the client there are at this limit, this one included, as it came.
  uint32_t take(const ClientLimit& limit, const IpAddress& client, const Sentry& sentry,
                TimePoint now);

 private:
  struct Place {
    uint64_t limit = 0;  // 0: free
    uint32_t number = 0;
    Hold hold;
  };
  // A connection seldom comes to more limits than these, and the first ones take no memory.
  static constexpr size_t kNear = 2;

  Place* find(uint64_t limit);

  std::array<Place, kNear> near_;
  std::unique_ptr<std::vector<Place>> far_;  // null: none
};

// One request while it is under way. One thread.
class Visit {
 public:
  Visit(Sentry& sentry, Places& connection, TimePoint now)
      : sentry_(sentry), connection_(connection), now_(now) {}

  // Is the client banned?
  bool isBanned(const Question& question, Judgement& judgement);
  // Is the request one too many for a limit of this level?
  bool isTooMuch(const FirewallRules& rules, const Question& question, Judgement& judgement);
  void note(const Hit& hit, Effect effect, const Question& question) {
    sentry_.ledger.note(hit, effect, question);
  }
  // The client got this answer from a place where these rules hold. What a ban answers is no news
  // of the client.
  void answered(const FirewallRules& rules, const Question& question, uint16_t status,
                TimePoint now);

 private:
  bool exceedsRate(const RateLimit& limit, const Question& question, Judgement& judgement);
  bool exceedsRequests(const ClientLimit& limit, const Question& question, Judgement& judgement);
  bool exceedsConnections(const ClientLimit& limit, const Question& question, Judgement& judgement);
  bool holdHere(const ClientLimit& limit, const IpAddress& client);
  void learn(const AutoBan& rule, const Question& question, TimePoint now);

  // Each level has at most one limit of each kind, and `defaults` may have them as well.
  static constexpr size_t kMostHolds = 8;

  Sentry& sentry_;
  Places& connection_;
  TimePoint now_;
  std::array<Hold, kMostHolds> holds_;
  size_t held_ = 0;
  bool is_banned_ = false;
};

// The rules of one level, and with a visit its limits. True: the request is blocked, and the
// judgement says by what. What is only observed is noted, and the next level goes on. Without a
// visit nothing is counted.
bool blocks(const FirewallRules& rules, const Question& question, Visit* visit,
            Judgement& judgement);

// A hit under a policy: blocked, or noted as what would have been.
bool settle(const Hit& hit, const Policy& policy, const Question& question, Visit* visit,
            Judgement& judgement);

// What the client is answered. Memory of the arena.
filter::Answer answerOf(const Judgement& judgement, Arena& arena);

}  // namespace fairlead::firewall
