// What active checks and passive ejection say together: who is chosen, and when.
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "pool_for_test.h"
#include "upstream/chooser.h"

namespace fairlead::upstream {
namespace {

using namespace std::chrono_literals;

constexpr TimePoint kNow{1h};

enum class Passive { Well, Ejected, Deferred, EjectedAndDeferred };
enum class Other { None, Drained };
enum class Chosen {
  Yes,
  WhenNobodyElse,  // fail open: only ejected ones are left
  Never,
};

struct TruthRow {
  ActiveHealth active;
  Passive passive;
  Other other;
  Chosen chosen;
  Standing standing;
};

// docs/health.md has the same for people.
constexpr TruthRow kTruth[] = {
    {ActiveHealth::Up, Passive::Well, Other::None, Chosen::Yes, Standing::Ready},
    {ActiveHealth::Up, Passive::Ejected, Other::None, Chosen::WhenNobodyElse, Standing::Ejected},
    {ActiveHealth::Up, Passive::Deferred, Other::None, Chosen::Never, Standing::Deferred},
    {ActiveHealth::Up, Passive::EjectedAndDeferred, Other::None, Chosen::Never, Standing::Ejected},
    {ActiveHealth::Unchecked, Passive::Well, Other::None, Chosen::Yes, Standing::Ready},
    {ActiveHealth::Unchecked, Passive::Ejected, Other::None, Chosen::WhenNobodyElse,
     Standing::Ejected},
    {ActiveHealth::Unchecked, Passive::Deferred, Other::None, Chosen::Never, Standing::Deferred},
    {ActiveHealth::Unchecked, Passive::EjectedAndDeferred, Other::None, Chosen::Never,
     Standing::Ejected},
    {ActiveHealth::Down, Passive::Well, Other::None, Chosen::Never, Standing::Down},
    {ActiveHealth::Down, Passive::Ejected, Other::None, Chosen::Never, Standing::Down},
    {ActiveHealth::Down, Passive::Deferred, Other::None, Chosen::Never, Standing::Down},
    {ActiveHealth::Unknown, Passive::Well, Other::None, Chosen::Never, Standing::Unknown},
    {ActiveHealth::Unknown, Passive::Ejected, Other::None, Chosen::Never, Standing::Unknown},
    {ActiveHealth::Unresolved, Passive::Well, Other::None, Chosen::Never, Standing::Unresolved},
    {ActiveHealth::Unresolved, Passive::Ejected, Other::None, Chosen::Never, Standing::Unresolved},
    {ActiveHealth::Up, Passive::Well, Other::Drained, Chosen::Never, Standing::Drained},
    {ActiveHealth::Up, Passive::Ejected, Other::Drained, Chosen::Never, Standing::Drained},
    {ActiveHealth::Unchecked, Passive::Well, Other::Drained, Chosen::Never, Standing::Drained},
};

void put(Pool& pool, size_t number, const TruthRow& row) {
  Server& server = serverOf(pool, number);
  const PassiveSettings& passive = pool.settings.health.passive;
  server.active = row.active;
  server.draining = row.other == Other::Drained;
  if (row.passive == Passive::Ejected || row.passive == Passive::EjectedAndDeferred)
    ASSERT_TRUE(server.passive.eject(EjectReason::Consecutive, kNow, passive));
  if (row.passive == Passive::Deferred || row.passive == Passive::EjectedAndDeferred)
    server.passive.defer(10s, kNow);
  pool.refreshShares(kNow);
}

// How often of a hundred the first server is chosen. Nothing: for a request there was no server.
std::optional<int> timesChosen(Pool& pool) {
  Random random(3);
  Chooser chooser(pool, random);
  const balance::Tried tried;
  int times = 0;
  for (int i = 0; i < 100; ++i) {
    const Result<Pick> pick = chooser.choose({.tried = tried}, kNow);
    if (!pick) return std::nullopt;
    if (pick->server == &serverOf(pool, 0)) ++times;
    pick->server->endRequest();
  }
  return times;
}

std::string nameOf(const TruthRow& row) {
  return "active " + std::to_string(static_cast<int>(row.active)) + ", passive " +
         std::to_string(static_cast<int>(row.passive)) + ", other " +
         std::to_string(static_cast<int>(row.other));
}

TEST(TruthTable, BesideAServerThatIsWell) {
  for (const TruthRow& row : kTruth) {
    SCOPED_TRACE(nameOf(row));
    Pool pool(poolOf({{*IpAddress::parse("10.0.0.1"), 80}, {*IpAddress::parse("10.0.0.2"), 80}}));
    setActive(pool, 1, ActiveHealth::Up, kNow);
    put(pool, 0, row);
    EXPECT_EQ(standingOf(serverOf(pool, 0), kNow), row.standing);
    const std::optional<int> times = timesChosen(pool);
    ASSERT_TRUE(times);
    if (row.chosen == Chosen::Yes)
      EXPECT_GT(*times, 0);
    else
      EXPECT_EQ(*times, 0);
  }
}

TEST(TruthTable, Alone) {
  for (const TruthRow& row : kTruth) {
    SCOPED_TRACE(nameOf(row));
    Pool pool(poolOf({{*IpAddress::parse("10.0.0.1"), 80}}));
    put(pool, 0, row);
    const std::optional<int> times = timesChosen(pool);
    EXPECT_EQ(times.has_value(), row.chosen != Chosen::Never);
    if (times) EXPECT_EQ(*times, 100);
  }
}

}  // namespace
}  // namespace fairlead::upstream
