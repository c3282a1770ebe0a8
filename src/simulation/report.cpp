// Tables whose columns are as wide as what stands in them, and JSON.
#include "simulation/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>
#include <vector>

namespace fairlead::simulation {
namespace {

using Json = nlohmann::ordered_json;
using Row = std::vector<std::string>;

// The first column is text and stands left, the others are numbers.
std::string linesOf(const std::vector<Row>& rows, std::string_view indent) {
  std::vector<size_t> widths(rows.front().size());
  for (const Row& row : rows)
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  std::string text;
  for (const Row& row : rows) {
    text += fmt::format("{}{:<{}}", indent, row.front(), widths.front());
    for (size_t i = 1; i < row.size(); ++i) text += fmt::format("  {:>{}}", row[i], widths[i]);
    text += '\n';
  }
  return text;
}

double milliseconds(Duration span) { return static_cast<double>(span.count()) / 1e6; }

std::string timeText(Duration span) { return fmt::format("{:.1f} ms", milliseconds(span)); }

std::string countText(uint64_t count) {
  std::string text = fmt::format("{}", count);
  for (size_t at = text.size(); at > 3; at -= 3) text.insert(at - 3, ",");
  return text;
}

double shareOf(uint64_t part, uint64_t all) {
  return all == 0 ? 0 : static_cast<double>(part) / static_cast<double>(all);
}

std::string percentText(double share) { return fmt::format("{:.1f} %", 100 * share); }

// A few errors among many requests are not none.
std::string errorText(const Figures& run) {
  return fmt::format("{} ({:.2f} %)", countText(run.errors),
                     100 * shareOf(run.errors, run.requests));
}

// The most frequent first.
std::string errorKinds(const Figures& run) {
  std::vector<std::pair<uint64_t, std::string>> kinds;
  for (const auto& [kind, count] : run.errors_by) kinds.emplace_back(count, kind);
  std::ranges::sort(kinds, std::ranges::greater{});
  std::string text;
  for (const auto& [count, kind] : kinds)
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", countText(count), kind);
  return text;
}

Json jsonOf(const ServerFigures& server) {
  return {{"name", server.name},
          {"requests", server.requests},
          {"failures", server.failures},
          {"ejections", server.ejections},
          {"downs", server.downs},
          {"share", server.share},
          {"fair_share", server.fair_share},
          {"utilisation", server.utilisation}};
}

Json jsonOf(const Figures& run) {
  Json json{{"balance", run.balance},
            {"requests", run.requests},
            {"errors", run.errors},
            {"attempts", run.attempts},
            {"retries", run.retries},
            {"ejections", run.ejections},
            {"downs", run.downs},
            {"mean_ms", milliseconds(run.mean)},
            {"p50_ms", milliseconds(run.p50)},
            {"p99_ms", milliseconds(run.p99)},
            {"max_ms", milliseconds(run.max)},
            {"skew", run.skew},
            {"errors_by", run.errors_by},
            {"servers", Json::array()}};
  for (const ServerFigures& server : run.servers) json["servers"].push_back(jsonOf(server));
  return json;
}

}  // namespace

std::string tableOf(const Report& report) {
  std::vector<Row> rows{
      {"algorithm", "requests", "p50", "p99", "max", "errors", "retries", "ejections", "skew"}};
  for (const Figures& run : report.runs)
    rows.push_back({run.balance, countText(run.requests), timeText(run.p50), timeText(run.p99),
                    timeText(run.max), errorText(run), countText(run.retries),
                    countText(run.ejections), fmt::format("{:.2f}", run.skew)});
  std::string text = linesOf(rows, "");
  for (const Figures& run : report.runs)
    if (run.errors > 0) text += fmt::format("errors with {}: {}\n", run.balance, errorKinds(run));
  return text;
}

std::string serverTableOf(const Report& report) {
  std::string text;
  for (const Figures& run : report.runs) {
    std::vector<Row> rows{{"server", "requests", "share", "fair share", "utilisation", "failures",
                           "ejections", "downs"}};
    for (const ServerFigures& server : run.servers)
      rows.push_back({server.name, countText(server.requests), percentText(server.share),
                      percentText(server.fair_share), percentText(server.utilisation),
                      countText(server.failures), countText(server.ejections),
                      countText(server.downs)});
    text += fmt::format("{}{}\n{}", text.empty() ? "" : "\n", run.balance, linesOf(rows, "  "));
  }
  return text;
}

std::string jsonOf(const Report& report) {
  Json json{{"pool", report.pool},
            {"load", report.load},
            {"duration_s", std::chrono::duration<double>(report.duration).count()},
            {"seed", report.seed},
            {"runs", Json::array()}};
  for (const Figures& run : report.runs) json["runs"].push_back(jsonOf(run));
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace fairlead::simulation
