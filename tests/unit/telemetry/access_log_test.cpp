// The access log end to end: rings, writer thread, files that rotate, disks that are full.
#include "telemetry/access_log.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace fairlead {
namespace {

class AccessLogTest : public testing::Test {
 protected:
  AccessLogTest() {
    char name[] = "/tmp/fairlead_access_log_XXXXXX";
    folder_ = ::mkdtemp(name);
  }
  ~AccessLogTest() override {
    for (const char* name : {"log", "log.1"}) std::remove(path(name).c_str());
    ::rmdir(folder_.c_str());
  }

  std::string path(const std::string& name) const { return folder_ + "/" + name; }

  std::unique_ptr<AccessLog> openLog(AccessLog::Options options) {
    auto log = AccessLog::open(std::move(options), diagnostics_);
    EXPECT_TRUE(log.has_value()) << (log ? "" : log.error());
    return log ? std::move(*log) : nullptr;
  }

  static std::vector<std::string> linesOf(const std::string& file) {
    std::ifstream in(file);
    std::vector<std::string> lines;
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
  }

  static AccessRecord requestTo(std::string_view path) {
    AccessRecord record;
    record.path = path;
    return record;
  }

  Log diagnostics_{STDERR_FILENO, Log::Level::Error};
  std::string folder_;
};

std::string pathIn(const std::string& line) {
  const size_t start = line.find("\"path\":\"") + 8;
  return line.substr(start, line.find('"', start) - start);
}

TEST_F(AccessLogTest, StopWritesEverything) {
  auto log = openLog({.destination = path("log")});
  for (const char* target : {"/1", "/2", "/3"}) EXPECT_TRUE(log->lane(0).record(requestTo(target)));
  log->stop();
  const auto lines = linesOf(path("log"));
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(pathIn(lines[0]), "/1");
  EXPECT_EQ(pathIn(lines[2]), "/3");
  EXPECT_EQ(log->dropped(), 0u);
}

TEST_F(AccessLogTest, FileIsAppendedToAndPrivate) {
  for (const char* target : {"/first", "/second"}) {
    auto log = openLog({.destination = path("log")});
    log->lane(0).record(requestTo(target));
  }
  const auto lines = linesOf(path("log"));
  ASSERT_EQ(lines.size(), 2u);
  struct stat status{};
  ASSERT_EQ(::stat(path("log").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0137u, 0u) << "at most rw-r-----";
}

TEST_F(AccessLogTest, LanesOfSeveralThreadsKeepTheirOrder) {
  constexpr size_t kLanes = 4;
  constexpr int kRecords = 20'000;
  auto log = openLog({.destination = path("log"), .lanes = kLanes, .lane_bytes = 64 * 1024});
  std::vector<std::thread> workers;
  for (size_t lane = 0; lane < kLanes; ++lane)
    workers.emplace_back([&log, lane] {
      const std::string host = std::to_string(lane);
      for (int i = 0; i < kRecords; ++i) {
        const std::string target = std::to_string(i);
        AccessRecord record = requestTo(target);
        record.host = host;
        log->lane(lane).record(record);
      }
    });
  for (auto& worker : workers) worker.join();
  log->stop();
  const auto lines = linesOf(path("log"));
  EXPECT_EQ(lines.size() + log->dropped(), kLanes * kRecords);
  std::map<std::string, int> last;
  for (const auto& line : lines) {
    const size_t start = line.find("\"host\":\"") + 8;
    auto [it, fresh] = last.try_emplace(line.substr(start, 1), -1);
    const int number = std::stoi(pathIn(line));
    ASSERT_GT(number, it->second) << line;
    it->second = number;
    ASSERT_EQ(line.back(), '}');
  }
  EXPECT_EQ(last.size(), kLanes);
}

// The writer is held by a pipe that nobody reads, so that the ring must fill.
TEST_F(AccessLogTest, FullRingDropsAndCounts) {
  ASSERT_EQ(::mkfifo(path("log").c_str(), 0600), 0);
  const int reader = ::open(path("log").c_str(), O_RDONLY | O_NONBLOCK);
  ASSERT_GE(reader, 0);
  auto log = openLog({.destination = path("log"), .lane_bytes = 16 * 1024});
  const std::string target(1000, 'x');
  uint64_t refused = 0;
  // The pipe takes 64 KiB, the writer holds at most a piece of 128 KiB, the ring 16 KiB.
  for (uint64_t i = 0; i < 1'000'000 && refused < 100; ++i)
    refused += log->lane(0).record(requestTo(target)) ? 0 : 1;
  EXPECT_EQ(refused, 100u);
  EXPECT_GE(log->dropped(), refused);
  ::close(reader);
  log->stop();
  EXPECT_GT(log->writeFailures(), 0u) << "EPIPE";
}

TEST_F(AccessLogTest, StopDoesNotWaitForAReaderThatSleeps) {
  ASSERT_EQ(::mkfifo(path("log").c_str(), 0600), 0);
  const int reader = ::open(path("log").c_str(), O_RDONLY | O_NONBLOCK);
  ASSERT_GE(reader, 0);
  auto log = openLog({.destination = path("log")});
  const std::string target(1000, 'x');
  for (int i = 0; i < 500; ++i) log->lane(0).record(requestTo(target));
  log->stop();  // 500 KB do not fit into the pipe
  EXPECT_GT(log->writeFailures(), 0u);
  EXPECT_GT(log->dropped(), 0u);
  ::close(reader);
}

TEST_F(AccessLogTest, StopsThatWereBegunWriteEverythingToo) {
  auto log = openLog({.destination = path("log")});
  for (const char* target : {"/1", "/2"}) EXPECT_TRUE(log->lane(0).record(requestTo(target)));
  log->stopSoon();
  log->stopSoon();
  log->stop();
  EXPECT_EQ(linesOf(path("log")).size(), 2u);
  log->stopSoon();
  auto off = openLog({.destination = "off"});
  off->stopSoon();
  off->stop();
}

TEST_F(AccessLogTest, FullDiskIsCountedAndSurvived) {
  auto log = openLog({.destination = "/dev/full"});
  for (int i = 0; i < 10; ++i) EXPECT_TRUE(log->lane(0).record(requestTo("/")));
  log->stop();
  EXPECT_GT(log->writeFailures(), 0u);
  EXPECT_EQ(log->dropped(), 10u);
}

TEST_F(AccessLogTest, ReopenFollowsTheName) {
  auto log = openLog({.destination = path("log")});
  log->lane(0).record(requestTo("/before"));
  ASSERT_EQ(std::rename(path("log").c_str(), path("log.1").c_str()), 0);
  log->reopen();
  while (::access(path("log").c_str(), F_OK) != 0) std::this_thread::yield();
  log->lane(0).record(requestTo("/after"));
  log->stop();
  const auto before = linesOf(path("log.1"));
  const auto after = linesOf(path("log"));
  ASSERT_EQ(before.size(), 1u);
  ASSERT_EQ(after.size(), 1u);
  EXPECT_EQ(pathIn(before[0]), "/before");
  EXPECT_EQ(pathIn(after[0]), "/after");
}

TEST_F(AccessLogTest, RecordsAreWrittenWithoutStopping) {
  auto log = openLog({.destination = path("log")});
  log->lane(0).record(requestTo("/soon"));
  while (linesOf(path("log")).empty()) std::this_thread::yield();
  EXPECT_EQ(pathIn(linesOf(path("log"))[0]), "/soon");
}

TEST_F(AccessLogTest, OffHasNoLanes) {
  auto log = openLog({.destination = "off"});
  EXPECT_FALSE(log->isOn());
  EXPECT_EQ(log->dropped(), 0u);
  log->reopen();
}

TEST_F(AccessLogTest, UnopenableFileIsASentence) {
  const auto log = AccessLog::open({.destination = path("none/log")}, diagnostics_);
  ASSERT_FALSE(log.has_value());
  EXPECT_EQ(log.error(), "cannot open the log " + path("none/log") + ": No such file or directory");
}

}  // namespace
}  // namespace fairlead
