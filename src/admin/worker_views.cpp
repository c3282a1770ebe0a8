// Turns to JSON, member by member, and what is worth a sentence.
#include "admin/worker_views.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "admin/moments.h"
#include "admin/words.h"

namespace fairlead::admin {
namespace {

using io::LongTurn;
using io::TurnFacts;

// Beyond this others waited for long enough to look for the reason. Turns are meant to stay under
// 1 ms; on a machine that is shared, another program may have the CPU for some milliseconds.
constexpr Duration kLongTurn = std::chrono::milliseconds(10);
// Busy to this share, a worker has no reserve.
constexpr double kNearlyAlways = 0.95;

void putTurn(Json& view, const std::string& name, const LongTurn& turn, const Moment& moment) {
  const bool was_any = turn.length > Duration{};
  view[name + "_seconds"] = exactSecondsOf(turn.length);
  view[name + "_at"] = was_any ? Json(timeText(turn.at, moment)) : Json();
  view[name + "_ago_seconds"] =
      was_any ? Json(secondsOf(std::max(Duration{}, moment.steady - turn.at))) : Json();
}

// A turn is measured by the wall clock, and the thread may have stood still in it.
std::string otherCause(const WorkerFacts& facts) {
  if (!facts.time || facts.time->waited < kLongTurn) return {};
  return fmt::format(
      " Since its start its thread has waited {} for a CPU that was busy with something else.",
      latencyText(facts.time->waited));
}

Json viewOf(size_t number, const WorkerFacts& worker, const Moment& moment) {
  const TurnFacts& turns = worker.turns;
  Json view{
      {"worker", number},
      {"connections", worker.connections},
      {"turns", turns.turns},
      {"busy_seconds", exactSecondsOf(turns.busy)},
      {"busy_share", std::round(turns.busy_share * 1e4) / 1e4},
      {"cpu_seconds", worker.time ? Json(exactSecondsOf(worker.time->ran)) : Json()},
      {"waited_for_cpu_seconds", worker.time ? Json(exactSecondsOf(worker.time->waited)) : Json()},
      {"p99_turn_seconds", turns.p99 ? Json(exactSecondsOf(*turns.p99)) : Json()}};
  putTurn(view, "longest_turn", turns.longest, moment);
  putTurn(view, "longest_turn_in_last_minute", turns.longest_lately, moment);
  view["why"] = sentencesOf(number, worker, moment.steady);
  view["well"] = view["why"].empty();
  return view;
}

}  // namespace

std::vector<std::string> sentencesOf(size_t worker, const WorkerFacts& facts, TimePoint now) {
  std::vector<std::string> sentences;
  const TurnFacts& turns = facts.turns;
  const LongTurn& longest = turns.longest_lately;
  if (turns.running && *turns.running >= kLongTurn)
    sentences.push_back(
        fmt::format("Worker {} has been busy in one turn for {}: its other connections wait.",
                    worker, latencyText(*turns.running)));
  else if (longest.length >= kLongTurn)
    sentences.push_back(fmt::format(
        "Worker {} was busy for {} in one turn, {} ago: its other connections waited that long.{}",
        worker, latencyText(longest.length), spanText(std::max(Duration{}, now - longest.at)),
        otherCause(facts)));
  if (turns.busy_share >= kNearlyAlways)
    sentences.push_back(
        fmt::format("Worker {} was busy for {} of the last minute: more CPUs or "
                    "another machine would serve faster.",
                    worker, percentText(turns.busy_share)));
  return sentences;
}

Json viewOfWorkers(std::span<const WorkerFacts> workers, const Moment& moment) {
  Json list = Json::array();
  for (size_t i = 0; i < workers.size(); ++i) list.push_back(viewOf(i, workers[i], moment));
  return {{"at", timestampText(moment.wall)}, {"workers", std::move(list)}};
}

}  // namespace fairlead::admin
