// Checks as events. A TCP check is a connection; an HTTP check takes a worker as a request does.
#include "simulation/virtual_checks.h"

namespace fairlead::simulation {

VirtualChecks::VirtualChecks(const Scene& scene, Random random)
    : scene_(scene),
      random_(random),
      checks_(scene.origins.size()),
      record_(
          scene.pool, {.first_checks = first_checks_, .random = random_},
          [this](const upstream::PoolEvent& event) { note(event); }, scene.now()) {
  seen_.servers.resize(checks_.size());
  for (size_t i = 0; i < checks_.size(); ++i)
    seen_.servers[i].name = record_.servers()[i]->server().name;
  for (uint32_t i = 0; i < checks_.size(); ++i) planCheck(i);
  record_.pulse(scene_.now());
  planPulse();
}

void VirtualChecks::note(const upstream::PoolEvent& event) {
  for (ServerFigures& server : seen_.servers) {
    if (server.name != event.server) continue;
    if (event.kind == upstream::PoolEvent::Kind::Ejected) ++server.ejections;
    if (event.kind == upstream::PoolEvent::Kind::Down) ++server.downs;
    return;
  }
}

void VirtualChecks::planPulse() {
  scene_.timeline.plan(record_.nextPulse(), {.what = What::Pulse});
}

void VirtualChecks::planCheck(uint32_t server) {
  if (const auto next = record_.servers()[server]->nextCheck())
    scene_.timeline.plan(*next, eventOf(What::CheckDue, server));
}

void VirtualChecks::on(const Event& event) {
  if (event.what == What::Pulse) {
    record_.pulse(scene_.now());
    return planPulse();
  }
  if (checks_[event.about].turn != event.turn) return;
  switch (event.what) {
    case What::CheckDue:
      return begin(event.about);
    case What::CheckReached:
      return reach(event.about);
    case What::CheckAnswered:
      return end(event.about, event.more == 0);
    case What::CheckOverdue:
      return end(event.about, false);
    default:
      return;
  }
}

void VirtualChecks::begin(uint32_t server) {
  Check& check = checks_[server];
  ++check.turn;
  check.began = scene_.now();
  record_.servers()[server]->onCheckBegun();
  scene_.timeline.plan(scene_.now() + scene_.pool.settings.health.timeout.value,
                       eventOf(What::CheckOverdue, server));
  scene_.timeline.planAfter(Delay::RoundTrip, eventOf(What::CheckReached, server));
}

void VirtualChecks::reach(uint32_t server) {
  Origin& origin = scene_.origins[server];
  if (!origin.accepts() || !isHttp()) return end(server, origin.accepts());
  origin.arrive({.kind = Job::Kind::Check,
                 .about = server,
                 .turn = checks_[server].turn,
                 .luck = random_.next()});
}

// The way there and back again, as the check's own connection is made already.
void VirtualChecks::onServed(const Job& job) {
  scene_.timeline.planAfter(Delay::RoundTrip, {.what = What::CheckAnswered,
                                               .about = job.about,
                                               .turn = job.turn,
                                               .more = job.is_error ? 1u : 0u});
}

void VirtualChecks::onLost(const Job& job) {
  scene_.timeline.planAfter(
      Delay::OneWay,
      {.what = What::CheckAnswered, .about = job.about, .turn = job.turn, .more = 1});
}

void VirtualChecks::end(uint32_t server, bool passed) {
  Check& check = checks_[server];
  ++check.turn;
  record_.onResult(*record_.servers()[server],
                   {.at = scene_.now(),
                    .took = scene_.now() - check.began,
                    .passed = passed,
                    .words = passed ? "passed" : "failed"},
                   scene_.now());
  planCheck(server);
}

void VirtualChecks::addTo(Figures& figures) const {
  for (size_t i = 0; i < figures.servers.size(); ++i) {
    figures.servers[i].name = seen_.servers[i].name;
    figures.ejections += figures.servers[i].ejections = seen_.servers[i].ejections;
    figures.downs += figures.servers[i].downs = seen_.servers[i].downs;
  }
}

}  // namespace fairlead::simulation
