// The file of bans: lines there and back, what is broken, and writing it whole.
#include "control/ban_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "unit/control/temporary_folder.h"

namespace fairlead::control {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::chrono::microseconds kSince = 1'767'323'045'678ms;

KeptBan banOf(const char* network) {
  return {.network = *Cidr::parse(network),
          .since = kSince,
          .until = kSince + 10min,
          .memory = 24h,
          .strikes = 3,
          .rule = "20 x 401|404 in 1m",
          .place = "edge.yaml:7",
          .why = ""};
}

TEST(BanLines, GoThereAndBack) {
  KeptBan by_hand{.network = *Cidr::parse("203.0.113.0/24"),
                  .since = kSince,
                  .until = {},
                  .rule = "",
                  .place = "",
                  .why = "\"all\" of it,\n\tand \xc3\xa4\x01"};
  KeptBan until_lifted = banOf("0.0.0.0/0");
  until_lifted.until.reset();
  const std::vector<KeptBan> bans{banOf("203.0.113.9"), banOf("2001:db8::/64"), banOf("::/0"),
                                  by_hand, until_lifted};
  const std::string text = textOf(bans);
  EXPECT_EQ(std::ranges::count(text, '\n'), 5) << "a ban a line";
  const ReadBans read = readBans(text);
  EXPECT_EQ(read.bans, bans);
  EXPECT_THAT(read.faults, IsEmpty());
}

TEST(BanLines, AreForPeopleToo) {
  EXPECT_EQ(textOf(std::vector{banOf("203.0.113.9")}),
            R"({"network":"203.0.113.9","since":"2026-01-02T03:04:05.678Z",)"
            R"("until":"2026-01-02T03:14:05.678Z","strikes":3,"memory_seconds":86400,)"
            R"("rule":"20 x 401|404 in 1m","place":"edge.yaml:7"})"
            "\n");
}

TEST(BanLines, KeepWhatIsNoUtf8Readable) {
  KeptBan ban = banOf("203.0.113.9");
  ban.why = "\xff";
  EXPECT_THAT(readBans(textOf(std::vector{ban})).faults, IsEmpty());
}

struct FaultRow {
  const char* name;
  const char* line;
  const char* says;
};

TEST(BanLines, AreTakenButForTheBrokenOnes) {
  const FaultRow rows[] = {
      {"no JSON", "203.0.113.9 10m", "no object"},
      {"half of it", R"({"network":"203.0.113.9","since":"2026-01-02T03:)", "no object"},
      {"a list", "[1]", "no object"},
      {"no network", R"({"since":"2026-01-02T03:04:05.678Z"})", "not an IP address"},
      {"a network that is none", R"({"network":"1.2.3.400","since":"2026-01-02T03:04:05.678Z"})",
       "`1.2.3.400` is not an IP address"},
      {"host bits", R"({"network":"10.1.2.3/8","since":"2026-01-02T03:04:05.678Z"})", "host bits"},
      {"a number for a network", R"({"network":1,"since":"2026-01-02T03:04:05.678Z"})",
       "`network` is no text"},
      {"no beginning", R"({"network":"1.2.3.4"})", "`since` is missing"},
      {"a time that is none", R"({"network":"1.2.3.4","since":"yesterday"})", "yesterday"},
      {"an end that is none",
       R"({"network":"1.2.3.4","since":"2026-01-02T03:04:05.678Z","until":"soon"})", "`until`"},
      {"negative strikes",
       R"({"network":"1.2.3.4","since":"2026-01-02T03:04:05.678Z","strikes":-1})", "`strikes`"},
      {"endless memory",
       R"({"network":"1.2.3.4","since":"2026-01-02T03:04:05.678Z","memory_seconds":99999999999})",
       "`memory_seconds`"},
      {"deep nesting", "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "no object"},
  };
  const std::string good = textOf(std::vector{banOf("203.0.113.9")});
  for (const FaultRow& row : rows) {
    const ReadBans read = readBans(good + "\n" + row.line + "\n" + good);
    EXPECT_EQ(read.bans.size(), 2u) << row.name;
    EXPECT_EQ(read.left_out, 1u) << row.name;
    ASSERT_THAT(read.faults, ElementsAre(HasSubstr("line 3: "))) << row.name;
    EXPECT_THAT(read.faults[0], HasSubstr(row.says)) << row.name;
  }
}

TEST(BanLines, OfAForeignFileAreNotAllComplainedOf) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "nonsense\n";
  const ReadBans read = readBans(text);
  EXPECT_EQ(read.faults.size(), ReadBans::kMostFaults);
  EXPECT_EQ(read.left_out, 1000u);
}

TEST(BanFile, IsWrittenWholeAndForItsOwner) {
  const TemporaryFolder folder;
  EXPECT_EQ(readBanFile(folder.path()), "");
  folder.write("bans.jsonl.new", "what a killed process left behind, longer than what follows");
  for (const std::string text : {"one\n", "two\n"}) {
    ASSERT_TRUE(writeBanFile(folder.path(), text));
    EXPECT_EQ(readBanFile(folder.path()), text);
  }
  struct stat about{};
  ASSERT_EQ(::stat(banFileIn(folder.path()).c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777u, 0600u);
  EXPECT_THAT(folder.names(), ElementsAre("bans.jsonl"));
}

TEST(BanFile, SaysWhyNot) {
  const TemporaryFolder folder;
  const std::string nowhere = folder.path() / "nowhere";
  EXPECT_THAT(writeBanFile(nowhere, "").error(), HasSubstr("No such file"));
  EXPECT_EQ(readBanFile(nowhere), "") << "there is nothing yet";
  std::filesystem::create_directory(folder.path() / "bans.jsonl");
  EXPECT_THAT(readBanFile(folder.path()).error(), HasSubstr("is not a file"));
  EXPECT_THAT(writeBanFile(folder.path(), "").error(), HasSubstr("bans.jsonl"));
}

TEST(BanFile, DoesNotWaitForAPipe) {
  const TemporaryFolder folder;
  ASSERT_EQ(::mkfifo(banFileIn(folder.path()).c_str(), 0600), 0);
  EXPECT_THAT(readBanFile(folder.path()).error(), HasSubstr("is not a file"));
}

}  // namespace
}  // namespace fairlead::control
