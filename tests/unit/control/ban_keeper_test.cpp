// Bans from one run to the next: what is taken over, what is written, and whose word counts.
#include "control/ban_keeper.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <optional>
#include <thread>

#include "support/drive.h"
#include "unit/control/temporary_folder.h"

namespace fairlead::control {
namespace {

using namespace std::chrono_literals;
using admin::KnownBan;
using firewall::AutoBan;
using firewall::Ban;
using firewall::BanRule;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

constexpr std::chrono::microseconds kWall = 1'767'323'045'678ms;

Cidr networkOf(const char* text) { return *Cidr::parse(text); }

AutoBan ruleOf(const char* text, uint32_t line, uint16_t number) {
  AutoBan rule;
  rule.when.value.text = text;
  rule.mark = {.file = 0, .line = line};
  rule.number = number;
  return rule;
}

// One run of fairlead: a table, its rules and a keeper.
class OneRun {
 public:
  OneRun(const std::string& folder, std::vector<AutoBan> rules, TimePoint steady,
         std::chrono::microseconds wall)
      : now{.steady = steady, .wall = wall}, folder_(folder), rules_(std::move(rules)) {
    if (::pipe2(log_.data(), O_NONBLOCK | O_CLOEXEC) != 0) throw std::runtime_error("pipe");
    logger_.emplace(log_[1]);
    keeper.emplace(BanParts{.table = table,
                            .rules = rules_,
                            .files = files_,
                            .folder = folder_,
                            .reactor = reactor,
                            .mailbox = mailbox_,
                            .log = *logger_,
                            .moment = [this] { return now; }});
    keeper->start();
  }
  ~OneRun() {
    keeper.reset();
    for (const int end : log_) ::close(end);
  }

  void pass(Duration span) {
    now.steady += span;
    now.wall += std::chrono::duration_cast<std::chrono::microseconds>(span);
  }
  // As a worker does when a rule trips.
  Ban learn(const char* network, const BanRule& rule) {
    return table.ban(networkOf(network), rule, now.steady)->ban;
  }
  std::optional<Ban> banOf(const char* address) const {
    return table.banOf(*IpAddress::parse(address), now.steady);
  }
  // What was logged since the last call.
  std::string said() const {
    std::array<char, 16384> bytes;
    const ssize_t count = ::read(log_[0], bytes.data(), bytes.size());
    return {bytes.data(), count > 0 ? static_cast<size_t>(count) : 0};
  }

  admin::Moment now;
  firewall::ClientTable table{1 << 20, {1, 2}};
  io::Reactor reactor;
  std::optional<BanKeeper> keeper;

 private:
  std::string folder_;
  std::vector<AutoBan> rules_;
  std::vector<std::string> files_{"edge.yaml"};
  io::Mailbox mailbox_{reactor};
  std::array<int, 2> log_{};
  std::optional<Log> logger_;
};

constexpr TimePoint kStart = TimePoint{} + 10h;
const BanRule kTenMinutes{.span = 10min, .grow = 2, .longest = 24h, .memory = 24h, .rule = 0};

std::vector<AutoBan> oneRule() { return {ruleOf("20 x 404 in 1m", 7, 0)}; }

TEST(BanKeeper, TakesOverWhatHolds) {
  const TemporaryFolder folder;
  {
    OneRun run(folder.path(), oneRule(), kStart, kWall);
    run.learn("203.0.113.9", kTenMinutes);
    run.pass(1min);
    ASSERT_TRUE(run.keeper->ban({networkOf("198.51.100.0/24"), 1h, "scraping"})->is_kept);
    ASSERT_TRUE(run.keeper->ban({networkOf("2001:db8::/64"), 0s, ""}));
  }
  // The machine has booted anew: the steady clock begins again, and the bans are older than it.
  OneRun run(folder.path(), oneRule(), TimePoint{} + 5s, kWall + 3min);
  EXPECT_THAT(run.said(), HasSubstr("3 bans of an earlier run hold"));
  const std::vector<KnownBan> bans = run.keeper->all();
  ASSERT_THAT(bans, SizeIs(3));
  EXPECT_EQ(bans[0].ban.network, networkOf("198.51.100.0/24"));
  EXPECT_EQ(bans[0].by, "by hand");
  EXPECT_EQ(bans[0].why, "scraping");
  EXPECT_EQ(bans[0].ban.until, run.now.steady + 58min);
  EXPECT_EQ(bans[0].ban.since, run.now.steady - 2min);
  EXPECT_EQ(bans[1].ban.until, kNever);
  EXPECT_EQ(bans[2].by, "20 x 404 in 1m (edge.yaml:7)");
  EXPECT_EQ(bans[2].ban.until, run.now.steady + 7min);
  EXPECT_EQ(bans[2].ban.since, run.now.steady - 3min);
  EXPECT_EQ(run.banOf("203.0.113.9")->rule, 0);
  EXPECT_TRUE(run.banOf("198.51.100.77"));
  EXPECT_TRUE(run.banOf("2001:db8::1"));
  // And so on to the run after that.
  const std::string before = folder.read("bans.jsonl");
  ASSERT_TRUE(run.keeper->save());
  EXPECT_EQ(folder.read("bans.jsonl"), before);
}

TEST(BanKeeper, RemembersStrikesOfWhatIsOver) {
  const TemporaryFolder folder;
  {
    OneRun run(folder.path(), oneRule(), kStart, kWall);
    run.learn("203.0.113.9", kTenMinutes);
    run.keeper->save();
  }
  {
    OneRun run(folder.path(), oneRule(), TimePoint{} + 1s, kWall + 1h);
    EXPECT_FALSE(run.banOf("203.0.113.9"));
    EXPECT_THAT(run.keeper->all(), IsEmpty());
    EXPECT_EQ(run.said(), "");
    run.keeper->save();
  }
  {
    OneRun run(folder.path(), oneRule(), TimePoint{} + 1s, kWall + 2h);
    const Ban again = run.learn("203.0.113.9", kTenMinutes);
    EXPECT_EQ(again.strikes, 2u);
    EXPECT_EQ(again.until - again.since, 20min);
  }
  OneRun late(folder.path(), oneRule(), kStart, kWall + 10min + 24h);
  EXPECT_EQ(late.learn("203.0.113.9", kTenMinutes).strikes, 1u);
}

struct RuleRow {
  const char* name;
  std::vector<AutoBan> rules;
  uint16_t rule;
  const char* by;
};

TEST(BanKeeper, FindsTheRuleAgain) {
  const RuleRow rows[] = {
      {"the same", oneRule(), 0, "20 x 404 in 1m (edge.yaml:7)"},
      {"moved", {ruleOf("20 x 404 in 1m", 9, 0)}, 0, "20 x 404 in 1m (edge.yaml:9)"},
      {"behind another",
       {ruleOf("5 x 401 in 1m", 6, 0), ruleOf("20 x 404 in 1m", 7, 1)},
       1,
       "20 x 404 in 1m (edge.yaml:7)"},
      {"the one in its place",
       {ruleOf("20 x 404 in 1m", 3, 0), ruleOf("20 x 404 in 1m", 7, 1)},
       1,
       "20 x 404 in 1m (edge.yaml:7)"},
      {"gone",
       {ruleOf("5 x 401 in 1m", 7, 0)},
       firewall::kByHand,
       "20 x 404 in 1m (a rule that is no more)"},
  };
  for (const RuleRow& row : rows) {
    const TemporaryFolder folder;
    {
      OneRun run(folder.path(), oneRule(), kStart, kWall);
      run.learn("203.0.113.9", kTenMinutes);
      run.keeper->save();
    }
    const std::string before = folder.read("bans.jsonl");
    OneRun run(folder.path(), row.rules, kStart, kWall + 1s);
    ASSERT_TRUE(run.banOf("203.0.113.9")) << row.name;
    EXPECT_EQ(run.banOf("203.0.113.9")->rule, row.rule) << row.name;
    EXPECT_EQ(run.keeper->all().at(0).by, row.by) << row.name;
    run.keeper->save();
    if (row.rule == firewall::kByHand)
      EXPECT_EQ(folder.read("bans.jsonl"), before) << row.name << ": it may come back";
  }
}

TEST(BanKeeper, TakesTheRestOfABrokenFile) {
  const TemporaryFolder folder;
  folder.write("bans.jsonl",
               "{\"network\":\"203.0.113.9\",\"since\":\"2026-01-02T03:04:05.678Z\"}\nnonsense\n"
               "{\"network\":\"203.0.113.8\",\"since\":\"2026-01-02T03:04:05.678Z\"}\n");
  OneRun run(folder.path(), {}, kStart, kWall);
  EXPECT_TRUE(run.banOf("203.0.113.9"));
  EXPECT_TRUE(run.banOf("203.0.113.8"));
  EXPECT_THAT(run.said(), AllOf(HasSubstr("bans.jsonl: line 2: "),
                                HasSubstr("1 line cannot be read; 2 bans are taken over")));
}

TEST(BanKeeper, StartsWithoutAReadableFile) {
  const TemporaryFolder folder;
  std::filesystem::create_directory(folder.path() / "bans.jsonl");
  OneRun run(folder.path(), {}, kStart, kWall);
  EXPECT_THAT(run.said(), AllOf(HasSubstr("bans.jsonl"), HasSubstr("warn")));
  EXPECT_FALSE(run.keeper->ban({networkOf("1.2.3.4"), 0s, ""})->is_kept);
  EXPECT_THAT(run.said(), HasSubstr("bans will not outlive a restart"));
  EXPECT_FALSE(run.keeper->save());
  EXPECT_THAT(run.said(), Not(HasSubstr("outlive"))) << "once is enough";
  EXPECT_TRUE(run.banOf("1.2.3.4"));
}

TEST(BanKeeper, WritesNothingWithoutBansOrFolder) {
  const TemporaryFolder folder;
  OneRun idle(folder.path(), oneRule(), kStart, kWall);
  EXPECT_TRUE(idle.keeper->save());
  EXPECT_THAT(folder.names(), IsEmpty());
  OneRun homeless("", oneRule(), kStart, kWall);
  EXPECT_FALSE(homeless.keeper->ban({networkOf("1.2.3.4"), 0s, ""})->is_kept);
  homeless.keeper->tell();
  EXPECT_THAT(homeless.keeper->all(), SizeIs(1));
}

TEST(BanKeeper, EmptiesTheFileWithTheLastBan) {
  const TemporaryFolder folder;
  OneRun run(folder.path(), {}, kStart, kWall);
  run.keeper->ban({networkOf("1.2.3.4"), 0s, ""});
  EXPECT_THAT(folder.read("bans.jsonl"), HasSubstr("1.2.3.4"));
  EXPECT_TRUE(run.keeper->lift(networkOf("1.2.3.4")));
  EXPECT_FALSE(run.keeper->lift(networkOf("1.2.3.4")));
  EXPECT_EQ(folder.read("bans.jsonl"), "");
  EXPECT_THAT(folder.names(), ElementsAre("bans.jsonl"));
}

TEST(BanKeeper, WritesSoonWhatIsTold) {
  const TemporaryFolder folder;
  OneRun run(folder.path(), oneRule(), kStart, kWall);
  std::thread worker([&] {
    for (const char* address : {"203.0.113.7", "203.0.113.8", "203.0.113.9"}) {
      run.learn(address, kTenMinutes);
      run.keeper->tell();
    }
  });
  worker.join();
  fairlead::test::runUntil(run.reactor, [&] { return !folder.names().empty(); });
  EXPECT_THAT(readBans(folder.read("bans.jsonl")).bans, SizeIs(3));
  run.learn("203.0.113.10", kTenMinutes);
  run.keeper->tell();
  fairlead::test::runUntil(run.reactor,
                           [&] { return readBans(folder.read("bans.jsonl")).bans.size() == 4; });
}

TEST(BanKeeper, TheOperatorHasTheLastWord) {
  OneRun run("", oneRule(), kStart, kWall);
  run.learn("203.0.113.9", kTenMinutes);
  run.keeper->ban({networkOf("203.0.113.9"), 5s, "enough"});
  EXPECT_EQ(run.banOf("203.0.113.9")->until, kStart + 5s) << "shorter than what was learned";
  run.learn("203.0.113.9", kTenMinutes);
  EXPECT_EQ(run.banOf("203.0.113.9")->until, kStart + 5s) << "a request that was under way";
  EXPECT_THAT(run.said(), HasSubstr("banned 203.0.113.9 by hand for 5s: enough"));
  run.keeper->ban({networkOf("203.0.113.9"), 0s, ""});
  EXPECT_THAT(run.said(), HasSubstr("banned 203.0.113.9 by hand until it is lifted\n"));
  EXPECT_THAT(run.keeper->all(), SizeIs(1));
  run.keeper->lift(networkOf("203.0.113.9"));
  EXPECT_THAT(run.said(), HasSubstr("lifted the ban of 203.0.113.9\n"));
}

TEST(BanKeeper, ForgetsTheWordsOfABanThatEnded) {
  const TemporaryFolder folder;
  OneRun run(folder.path(), oneRule(), kStart, kWall);
  run.keeper->ban({networkOf("203.0.113.9"), 5s, "enough"});
  run.pass(6s);
  run.learn("203.0.113.9", kTenMinutes);
  const std::vector<KnownBan> bans = run.keeper->all();
  ASSERT_THAT(bans, SizeIs(1));
  EXPECT_EQ(bans[0].why, "");
  EXPECT_EQ(bans[0].by, "20 x 404 in 1m (edge.yaml:7)");
}

TEST(BanKeeper, SaysWhyANetworkIsBanned) {
  OneRun run("", oneRule(), kStart, kWall);
  run.learn("203.0.113.0/24", kTenMinutes);
  EXPECT_EQ(run.keeper->all().at(0).why, "5 of its addresses were banned");
}

}  // namespace
}  // namespace fairlead::control
