// The steps, in the order of a request's way.
#include "simulation/virtual_proxy.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "base/hash.h"

namespace fairlead::simulation {
namespace {

using upstream::Permit;
using upstream::WaitingRoom;

constexpr size_t kIdlePerServer = 256;

// What may befall an attempt on its way.
Failure failureOf(FailureKind kind) {
  const bool connecting =
      kind == FailureKind::ConnectRefused || kind == FailureKind::ConnectTimeout;
  return {.kind = kind,
          .step = connecting ? Step::Connect : Step::ResponseHead,
          .side = Side::Upstream};
}

// Of the queue.
Failure notPlaced(FailureKind kind) {
  return {.kind = kind, .step = Step::Choose, .side = Side::Fairlead};
}

}  // namespace

VirtualProxy::VirtualProxy(const Scene& scene, Random random)
    : scene_(scene), random_(random), chooser_(scene.pool, random_), idle_(scene.origins.size()) {
  const upstream::Roster& roster = chooser_.roster();
  std::unordered_map<const balance::Endpoint*, uint32_t> numbers;
  for (uint32_t i = 0; i < roster.servers.size(); ++i) numbers[roster.servers[i].get()] = i;
  for (const auto& group : roster.groups) {
    std::vector<uint32_t>& of_group = numbers_.emplace_back();
    for (const balance::Endpoint* endpoint : group.endpoints)
      of_group.push_back(numbers.at(endpoint));
  }
  figures_.servers.resize(roster.servers.size());
  if (settings().sticky.on()) homes_.resize(scene.load.clients);
}

Event VirtualProxy::eventOf(What what, const Visit& visit, uint32_t more) const {
  return {.what = what, .about = placeOf(visit), .turn = visit.turn, .more = more};
}

// --- a place and a server

void VirtualProxy::begin(const Question& question) {
  if (free_.empty()) {
    free_.push_back(static_cast<uint32_t>(visits_.size()));
    visits_.emplace_back();
  }
  Visit& visit = visits_[free_.back()];
  free_.pop_back();
  const uint32_t turn = visit.turn + 1;
  visit = Visit();
  visit.is_open = true;
  visit.turn = turn;
  visit.question = question;
  visit.began = scene_.now();
  visit.until = deadlineAfter(visit.began, settings().timeouts.total);
  ++open_;
  ++figures_.requests;
  const Result<void> taken = takeServer(visit, Permit::Comes::New);
  if (taken) return attempt(visit);
  if (taken.error().kind == FailureKind::Overloaded && settings().queue.limit > 0)
    return enterQueue(visit);
  onFailure(visit, taken.error());
}

// Whoever gets no server does not keep a place in the pool either.
Result<void> VirtualProxy::takeServer(Visit& visit, Permit::Comes comes) {
  if (scene_.pool.isGuarded() && !visit.permit) {
    Result<Permit> entered = Permit::take(scene_.pool, comes, scene_.now());
    if (!entered) return std::unexpected(entered.error());
    visit.permit = std::move(*entered);
  }
  const upstream::Pick* home = homes_.empty() ? nullptr : &homes_[visit.question.client];
  const Result<upstream::Pick> pick =
      chooser_.choose({.tried = visit.tried,
                       .key = mixed(visit.question.client + 0x9e3779b97f4a7c15ULL),
                       .wanted = home && home->server ? home : nullptr},
                      scene_.now());
  if (!pick) {
    visit.permit.giveBack();
    return std::unexpected(pick.error());
  }
  visit.pick = *pick;
  return {};
}

// Before a retry, or with the request: then its permit says that there is a place.
void VirtualProxy::leaveServer(Visit& visit) {
  if (!visit.pick.server) return;
  std::exchange(visit.pick.server, nullptr)->endRequest();
  if (visit.is_open && scene_.pool.waiting.any()) scene_.pool.waiting.callNext();
}

// --- the queue, as Upstream::WaitForPlace

void VirtualProxy::enterQueue(Visit& visit) {
  ++visit.turn;
  visit.guest = {.home = this,
                 .ticket = uint64_t{visit.turn} << 32 | placeOf(visit),
                 .priority = upstream::Priority::Normal,
                 .since = scene_.now()};
  const WaitingRoom::Welcome welcome = scene_.pool.waiting.enter(visit.guest, scene_.now());
  if (welcome != WaitingRoom::Welcome::Waits)
    return onFailure(visit,
                     notPlaced(welcome == WaitingRoom::Welcome::Shed ? FailureKind::Shed
                                                                     : FailureKind::QueueFull));
  visit.wait = Wait::InRoom;
  if (visit.until < scene_.now() + scene_.timeline.length(Delay::Queue))
    scene_.timeline.plan(visit.until, eventOf(What::WaitOver, visit));
  else
    scene_.timeline.planAfter(Delay::Queue, eventOf(What::WaitOver, visit));
  if (chooser_.mightFit()) scene_.pool.waiting.callNext();
}

// It reaches the worker by mail, not at once.
void VirtualProxy::call(uint64_t ticket, Call what) {
  scene_.timeline.plan(scene_.now(), {.what = what == Call::Try ? What::Called : What::Shed,
                                      .about = static_cast<uint32_t>(ticket),
                                      .turn = static_cast<uint32_t>(ticket >> 32)});
}

void VirtualProxy::onCall(Visit& visit) {
  WaitingRoom& room = scene_.pool.waiting;
  visit.wait = Wait::Called;
  const Result<void> taken = takeServer(visit, Permit::Comes::FromQueue);
  if (taken) {
    room.answered(visit.guest.since, WaitingRoom::Going::Placed, scene_.now());
    visit.wait = Wait::None;
    return attempt(visit);
  }
  if (taken.error().kind == FailureKind::Overloaded) {
    visit.wait = Wait::InRoom;
    room.enterAgain(visit.guest);
    if (chooser_.mightFit()) room.callNext();
    return;
  }
  visit.wait = Wait::None;
  room.answered(visit.guest.since, WaitingRoom::Going::Gone, scene_.now());
  room.callNext();
  onFailure(visit, taken.error());
}

// The place is the next one's.
void VirtualProxy::onCallOfNobody() {
  scene_.pool.waiting.answered({}, WaitingRoom::Going::Gone, scene_.now());
  scene_.pool.waiting.callNext();
}

// --- to the server and back

void VirtualProxy::attempt(Visit& visit) {
  visit.tried.add(*visit.pick.server);
  ++visit.attempts;
  connect(visit);
}

bool VirtualProxy::takeIdle(size_t server) {
  std::vector<TimePoint>& idle = idle_[server];
  if (idle.empty()) return false;
  // The last one was used last: when it is too old, all are.
  const bool is_alive = idle.back() > scene_.now();
  if (is_alive)
    idle.pop_back();
  else
    idle.clear();
  return is_alive;
}

void VirtualProxy::keepConnection(const Visit& visit) {
  const size_t server = serverOf(visit.pick);
  const Duration keep = settings().timeouts.upstream_idle;
  if (keep.count() > 0 && scene_.origins[server].accepts() && idle_[server].size() < kIdlePerServer)
    idle_[server].push_back(scene_.now() + keep);
}

void VirtualProxy::connect(Visit& visit) {
  ++visit.turn;
  visit.queued = scene_.now();
  const size_t server = serverOf(visit.pick);
  ++figures_.servers[server].requests;
  ++figures_.attempts;
  const bool is_fresh = std::exchange(visit.fresh_connection, false);
  visit.reused = !is_fresh && takeIdle(server);
  visit.connected = visit.reused;
  if (visit.connected) return send(visit);
  const Duration limit = settings().timeouts.connect;
  if (limit.count() > 0 && limit < scene_.timeline.length(Delay::RoundTrip))
    scene_.timeline.plan(
        scene_.now() + limit,
        eventOf(What::Lost, visit, static_cast<uint32_t>(FailureKind::ConnectTimeout)));
  else
    scene_.timeline.planAfter(Delay::RoundTrip, eventOf(What::Connected, visit));
}

void VirtualProxy::send(Visit& visit) {
  visit.connected = true;
  visit.sent = scene_.now();
  scene_.timeline.planAfter(Delay::OneWay, eventOf(What::Reached, visit));
  const Duration response = settings().timeouts.response;
  const Duration per_try =
      http::isIdempotent(visit.question.method) ? settings().retry.per_try.value : Duration{};
  const TimePoint latest = std::min(
      {visit.until, deadlineAfter(visit.sent, response), deadlineAfter(visit.sent, per_try)});
  if (latest == kNever) return;
  const Event overdue = eventOf(What::Overdue, visit);
  if (per_try.count() > 0 && latest == visit.sent + per_try)
    scene_.timeline.planAfter(Delay::PerTry, overdue);
  else if (response.count() > 0 && latest == visit.sent + response)
    scene_.timeline.planAfter(Delay::Response, overdue);
  else
    scene_.timeline.plan(latest, overdue);
}

void VirtualProxy::reach(const Visit& visit) {
  Origin& origin = scene_.origins[serverOf(visit.pick)];
  const Job job{.kind = Job::Kind::Request,
                .about = placeOf(visit),
                .turn = visit.turn,
                .luck = visit.question.luck + visit.attempts};
  if (origin.accepts())
    origin.arrive(job);
  else
    onLost(job);
}

void VirtualProxy::onServed(const Job& job, const Origin& origin) {
  scene_.timeline.planAfter(Delay::OneWay,
                            {.what = What::Answered,
                             .about = job.about,
                             .turn = job.turn,
                             .more = job.is_error ? uint32_t{origin.errorStatus()} : 200});
}

void VirtualProxy::onLost(const Job& job) {
  scene_.timeline.planAfter(Delay::OneWay, {.what = What::Lost,
                                            .about = job.about,
                                            .turn = job.turn,
                                            .more = static_cast<uint32_t>(FailureKind::Reset)});
}

void VirtualProxy::on(const Event& event) {
  Visit& visit = visits_[event.about];
  if (!visit.is_open || visit.turn != event.turn) {
    if (event.what == What::Called) onCallOfNobody();
    return;
  }
  switch (event.what) {
    case What::Connected:
      if (scene_.origins[serverOf(visit.pick)].accepts()) return send(visit);
      return onFailure(visit, failureOf(FailureKind::ConnectRefused));
    case What::Reached:
      return reach(visit);
    case What::Answered:
      return onAnswer(visit, static_cast<uint16_t>(event.more));
    case What::Lost:
      return onFailure(visit, failureOf(static_cast<FailureKind>(event.more)));
    case What::Overdue:
      return onOverdue(visit);
    case What::Again:
      return again(visit);
    case What::AskTicket:
      return onTicketTime(visit);
    case What::Called:
      return onCall(visit);
    case What::Shed:
      visit.wait = Wait::None;
      return onFailure(visit, notPlaced(FailureKind::Shed));
    case What::WaitOver:
      if (visit.wait == Wait::InRoom)
        scene_.pool.waiting.leave(visit.guest, WaitingRoom::Going::TimedOut, scene_.now());
      visit.wait = Wait::None;
      return onFailure(visit, notPlaced(FailureKind::QueueTimeout));
    default:
      return;
  }
}

// --- the end

// A sticky client is told of another server when it has none, or when its own does not answer any
// more.
void VirtualProxy::remember(const Visit& visit) {
  if (homes_.empty()) return;
  upstream::Pick& home = homes_[visit.question.client];
  const bool stays = home.server && !visit.tried.has(*home.server) &&
                     home.server->share.load(std::memory_order_relaxed) > 0;
  if (!stays) home = visit.pick;
}

void VirtualProxy::finish(Visit& visit, uint16_t status, const Failure* failure) {
  const bool is_error = failure || status >= 500;
  if (is_error)
    countError(failure ? std::string(fairlead::nameOf(failure->kind))
                       : fmt::format("status_{}", status));
  else
    latencies_.add(scene_.now() - visit.began);
  visit.retry.end();
  const bool is_known = !failure || failure->side == Side::Upstream;
  if (visit.permit && is_known) visit.permit.judge(is_error, scene_.now());
  close(visit);
}

void VirtualProxy::countError(std::string kind) {
  ++figures_.errors;
  ++figures_.errors_by[std::move(kind)];
}

void VirtualProxy::close(Visit& visit) {
  visit.is_open = false;
  leaveServer(visit);
  visit.permit.giveBack();
  ++visit.turn;
  --open_;
  free_.push_back(placeOf(visit));
}

void VirtualProxy::cutOff() {
  for (Visit& visit : visits_) {
    if (!visit.is_open) continue;
    countError("unanswered");
    close(visit);
  }
}

Figures VirtualProxy::figures() const {
  Figures figures = figures_;
  figures.good = latencies_.count();
  figures.mean = latencies_.mean();
  figures.p50 = latencies_.quantile(0.5);
  figures.p99 = latencies_.quantile(0.99);
  figures.max = latencies_.max();
  return figures;
}

}  // namespace fairlead::simulation
