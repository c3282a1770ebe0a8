// What the API and `fairlead why` say of workers.
#include "admin/worker_views.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "admin/api.h"
#include "unit/admin/status_for_test.h"

namespace fairlead::admin {
namespace {

// 2026-01-02T03:04:05.678Z
const Moment kMoment{.steady = kNow, .wall = std::chrono::microseconds(1'767'323'045'678'000)};

io::TurnFacts quietTurns() {
  return {.turns = 1200,
          .busy = 1500ms,
          .busy_share = 0.03127,
          .longest = {.length = 14'200us, .at = kNow - 100s},
          .longest_lately = {.length = 310us, .at = kNow - 8s},
          .p99 = 210us,
          .running = std::nullopt};
}

TEST(WorkerViews, TellOfEachWorker) {
  const std::vector<WorkerFacts> workers{{.connections = 12,
                                          .turns = quietTurns(),
                                          .time = io::ThreadTime{.ran = 1600ms, .waited = 70ms}},
                                         {}};
  const Answer answer =
      answerTo({.status = {}, .moment = [] { return kMoment; }, .workers = [&] { return workers; }},
               "GET", "/api/workers");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(Json::parse(answer.body), Json::parse(R"({
    "at": "2026-01-02T03:04:05.678Z",
    "workers": [
      {"worker": 0, "connections": 12, "turns": 1200, "busy_seconds": 1.5, "busy_share": 0.0313,
       "cpu_seconds": 1.6, "waited_for_cpu_seconds": 0.07,
       "p99_turn_seconds": 0.00021,
       "longest_turn_seconds": 0.0142, "longest_turn_at": "2026-01-02T03:02:25.678Z",
       "longest_turn_ago_seconds": 100.0,
       "longest_turn_in_last_minute_seconds": 0.00031,
       "longest_turn_in_last_minute_at": "2026-01-02T03:03:57.678Z",
       "longest_turn_in_last_minute_ago_seconds": 8.0,
       "why": [], "well": true},
      {"worker": 1, "connections": 0, "turns": 0, "busy_seconds": 0.0, "busy_share": 0.0,
       "cpu_seconds": null, "waited_for_cpu_seconds": null,
       "p99_turn_seconds": null,
       "longest_turn_seconds": 0.0, "longest_turn_at": null, "longest_turn_ago_seconds": null,
       "longest_turn_in_last_minute_seconds": 0.0, "longest_turn_in_last_minute_at": null,
       "longest_turn_in_last_minute_ago_seconds": null,
       "why": [], "well": true}]})"));
}

struct SentenceRow {
  const char* name;
  Duration lately;
  std::optional<Duration> running;
  double share;
  std::vector<std::string> sentences;
};

const SentenceRow kSentences[] = {
    {"all is well", 900us, std::nullopt, 0.4, {}},
    {"a turn that another program made long", 9ms, std::nullopt, 0.4, {}},
    {"a long turn",
     14ms,
     std::nullopt,
     0.4,
     {"Worker 2 was busy for 14 ms in one turn, 8s ago: its other connections waited that long."}},
    {"a turn that began just now", 900us, 500us, 0.4, {}},
    {"a turn that does not end",
     3s,
     3s,
     0.4,
     {"Worker 2 has been busy in one turn for 3s: its other connections wait."}},
    {"no reserve",
     900us,
     std::nullopt,
     0.97,
     {"Worker 2 was busy for 97 % of the last minute: more CPUs or another machine would serve "
      "faster."}},
};

TEST(WorkerViews, HaveSentencesWhenSomethingIsWrong) {
  for (const SentenceRow& row : kSentences) {
    SCOPED_TRACE(row.name);
    io::TurnFacts turns = quietTurns();
    turns.longest_lately = {.length = row.lately, .at = kNow - 8s};
    turns.running = row.running;
    turns.busy_share = row.share;
    EXPECT_EQ(sentencesOf(2, {.connections = 1, .turns = turns, .time = {}}, kNow), row.sentences);
  }
}

TEST(WorkerViews, NameAnotherCauseOfALongTurnWhenThereMayBeOne) {
  struct Row {
    const char* name;
    std::optional<io::ThreadTime> time;
    std::string_view more;
  };
  const Row rows[] = {
      {"the kernel does not count", std::nullopt, ""},
      {"it always had a CPU", io::ThreadTime{.ran = 60s, .waited = 2ms}, ""},
      {"something else ran on its CPU", io::ThreadTime{.ran = 60s, .waited = 1200ms},
       " Since its start its thread has waited 1.2s for a CPU that was busy with something else."},
  };
  io::TurnFacts turns = quietTurns();
  turns.longest_lately = {.length = 14ms, .at = kNow - 8s};
  for (const Row& row : rows) {
    const auto sentences =
        sentencesOf(2, {.connections = 1, .turns = turns, .time = row.time}, kNow);
    ASSERT_EQ(sentences.size(), 1u) << row.name;
    EXPECT_EQ(sentences[0],
              "Worker 2 was busy for 14 ms in one turn, 8s ago: its other connections waited that "
              "long." +
                  std::string(row.more))
        << row.name;
  }
}

}  // namespace
}  // namespace fairlead::admin
