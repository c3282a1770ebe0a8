// Counting hits, and putting the workers' counts together.
#include "firewall/ledger.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace fairlead::firewall {
namespace {

uint64_t placeOf(const Mark& mark) {
  return uint64_t{mark.file} << 48 | uint64_t{mark.line} << 16 | mark.column;
}

}  // namespace

void HeavyHitters::add(const Cidr& client, std::string_view example,
                       std::chrono::microseconds now) {
  const auto used = std::span(places_).first(used_);
  auto place = std::ranges::find(used, client, &Place::client);
  if (place == used.end() && used_ < kPlaces)
    place = std::span(places_).first(++used_).end() - 1;
  else if (place == used.end())
    place = std::ranges::min_element(used, {}, &Place::hits);
  place->client = client;
  ++place->hits;
  place->last = now;
  place->example_length = static_cast<uint8_t>(std::min(example.size(), place->example.size()));
  std::copy_n(example.data(), place->example_length, place->example.data());
}

void HeavyHitters::mergeInto(std::vector<HitClient>& into) const {
  for (const Place& place : std::span(places_).first(used_)) {
    auto known = std::ranges::find(into, place.client, &HitClient::client);
    if (known == into.end())
      known = into.insert(into.end(), HitClient{.client = place.client, .example = {}});
    known->hits += place.hits;
    if (place.last < known->last) continue;
    known->last = place.last;
    known->example.assign(place.example.data(), place.example_length);
  }
}

void Ledger::Lane::note(const Hit& hit, Effect effect, const Question& question) {
  const std::lock_guard lock(mutex_);
  const auto [found, is_new] = tallies_.try_emplace(placeOf(hit.counted));
  Tally& tally = found->second;
  if (is_new) {
    tally.rule = hit.counted_as.empty() ? hit.rule : hit.counted_as;
    tally.mark = hit.counted;
    if (detailed_ < kDetailed) {
      tally.clients = std::make_unique<HeavyHitters>();
      ++detailed_;
    }
  }
  ++(effect == Effect::Blocked ? tally.blocked : tally.observed);
  if (!tally.clients) return;
  const filter::RequestFacts& request = question.request;
  std::array<char, HitClient::kExampleText> example;
  const auto end = fmt::format_to_n(example.data(), example.size(), "{} {}{}", request.method,
                                    request.host, request.path);
  const auto now = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::system_clock::now().time_since_epoch());
  tally.clients->add(clientOf(question.client.client),
                     {example.data(), std::min(end.size, example.size())}, now);
}

std::vector<uint64_t> Ledger::Lane::places() {
  const std::lock_guard lock(mutex_);
  std::vector<uint64_t> places;
  places.reserve(tallies_.size());
  for (const auto& [place, tally] : tallies_) places.push_back(place);
  return places;
}

Ledger::Ledger(size_t lanes) {
  for (size_t i = 0; i < lanes; ++i) lanes_.push_back(std::make_unique<Lane>());
}

std::vector<RuleReport> Ledger::report() const {
  std::map<uint64_t, RuleReport> rules;
  for (const auto& lane : lanes_) {
    for (const uint64_t place : lane->places()) {
      RuleReport& rule = rules[place];
      // Rule by rule, so that the worker waits for one of them at the most.
      const std::lock_guard lock(lane->mutex_);
      const Lane::Tally& tally = lane->tallies_.at(place);
      rule.rule = tally.rule;
      rule.mark = tally.mark;
      rule.blocked += tally.blocked;
      rule.observed += tally.observed;
      if (tally.clients) tally.clients->mergeInto(rule.clients);
    }
  }
  std::vector<RuleReport> report;
  for (auto& [place, rule] : rules) {
    std::ranges::sort(rule.clients, std::greater{}, &HitClient::hits);
    report.push_back(std::move(rule));
  }
  std::ranges::sort(report, std::greater{},
                    [](const RuleReport& rule) { return rule.blocked + rule.observed; });
  return report;
}

}  // namespace fairlead::firewall
