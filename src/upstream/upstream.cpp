// Servers with their connections, sticky clients, and waiting for a place.
#include "upstream/upstream.h"

namespace fairlead::upstream {
namespace {

std::unexpected<Failure> cannot(FailureKind kind) {
  return std::unexpected(Failure{.kind = kind, .step = Step::Choose, .side = Side::Fairlead});
}

}  // namespace

void SlotUse::end() {
  Slot* const slot = std::exchange(slot_, nullptr);
  if (slot && --slot->users == 0 && !slot->is_listed) upstream_->connections_.forget(*slot);
}

void Chosen::end() {
  if (!use_) return;
  use_->server->endRequest();
  WaitingRoom& waiting = use_.upstream_->pool_.waiting;
  use_.end();
  if (!is_quiet_ && waiting.any()) waiting.callNext();
}

Upstream::Upstream(Pool& pool, const UpstreamParts& parts)
    : pool_(pool),
      parts_(parts),
      connections_(pool, parts.reactor, parts.buffers, parts.idle_per_server),
      chooser_(pool, parts.random) {
  adopt();
}

void Upstream::adopt() {
  const Roster& roster = chooser_.roster();
  connections_.adopt(roster);
  slots_.clear();
  for (uint32_t group = 0; group < roster.groups.size(); ++group) {
    std::vector<Slot*>& slots = slots_.emplace_back();
    for (balance::Endpoint* endpoint : roster.groups[group].endpoints) {
      auto& server = static_cast<Server&>(*endpoint);
      Slot& slot = connections_.slotOf(server);
      slot.place = {&server, group, static_cast<balance::EndpointId>(slots.size())};
      slots.push_back(&slot);
    }
  }
}

Result<Chosen> Upstream::choose(const balance::Tried& tried, uint64_t key, const Slot* wanted) {
  if (chooser_.adopt()) adopt();
  const Result<Pick> pick =
      chooser_.choose({.tried = tried,
                       .key = key,
                       .wanted = wanted && wanted->is_listed ? &wanted->place : nullptr},
                      parts_.reactor.now());
  if (!pick) return std::unexpected(pick.error());
  return Chosen(*this, *slots_[pick->group][pick->id]);
}

bool Upstream::hasOther(const balance::Tried& tried) {
  if (chooser_.adopt()) adopt();
  return chooser_.hasOther(tried);
}

// --- sticky clients

SlotUse Upstream::stickyByToken(std::string_view token) {
  if (chooser_.adopt()) adopt();
  const size_t number = chooser_.roster().tokens.find(token);
  if (number == StickyTable::kNone) return {};
  return {*this, connections_.slotOf(*chooser_.roster().servers[number])};
}

// Servers are known by a part of their identity, which a new roster does not change.
SlotUse Upstream::stickyBySession(uint64_t session) {
  if (chooser_.adopt()) adopt();
  const auto known = pool_.learned->find(session, parts_.reactor.now());
  if (!known) return {};
  for (const auto& server : chooser_.roster().servers)
    if (LearnedSessions::numberOf(server->identity) == *known)
      return {*this, connections_.slotOf(*server)};
  return {};
}

void Upstream::learn(uint64_t session, const Server& server) {
  pool_.learned->learn(session, LearnedSessions::numberOf(server.identity), parts_.reactor.now());
}

// --- the queue

void Upstream::call(uint64_t ticket, Call what) {
  parts_.mailbox.post([this, ticket, what] { answerCall(ticket, what); });
}

void Upstream::answerCall(uint64_t ticket, Call what) {
  const auto found = waiting_.find(ticket);
  if (found != waiting_.end()) {
    WaitForPlace& wait = *found->second;
    if (what == Call::Try) {
      wait.state_ = WaitForPlace::State::Called;
      wait.end(std::nullopt);
    } else {
      wait.state_ = WaitForPlace::State::Gone;
      wait.end(FailureKind::Shed);
    }
  } else if (what == Call::Try) {
    // It has gone meanwhile: the place is the next one's.
    pool_.waiting.answered({}, WaitingRoom::Going::Gone, parts_.reactor.now());
    pool_.waiting.callNext();
  }
}

Upstream::WaitForPlace::WaitForPlace(Upstream& upstream, Priority priority, TimePoint until)
    : upstream_(upstream),
      guest_{.home = &upstream,
             .ticket = upstream.next_ticket_++,
             .priority = priority,
             .since = upstream.parts_.reactor.now()},
      until_(std::min(until, guest_.since + upstream.settings().queue.timeout.value)) {}

Upstream::WaitForPlace::~WaitForPlace() { sayGone(WaitingRoom::Going::Gone); }

void Upstream::WaitForPlace::foundPlace() { sayGone(WaitingRoom::Going::Placed); }

void Upstream::WaitForPlace::sayGone(WaitingRoom::Going going) {
  WaitingRoom& room = upstream_.pool_.waiting;
  const TimePoint now = upstream_.parts_.reactor.now();
  upstream_.waiting_.erase(guest_.ticket);
  switch (std::exchange(state_, State::Gone)) {
    case State::InRoom:
      room.leave(guest_, going, now);
      break;
    case State::Called:
      room.answered(guest_.since, going, now);
      if (going != WaitingRoom::Going::Placed) room.callNext();
      break;
    case State::New:
    case State::Gone:
      break;
  }
}

bool Upstream::WaitForPlace::await_suspend(std::coroutine_handle<> waiting) {
  WaitingRoom& room = upstream_.pool_.waiting;
  const TimePoint now = upstream_.parts_.reactor.now();
  waiting_ = waiting;
  if (state_ == State::Called) {
    room.enterAgain(guest_);
  } else {
    const WaitingRoom::Welcome welcome = room.enter(guest_, now);
    if (welcome != WaitingRoom::Welcome::Waits) {
      const bool is_shed = welcome == WaitingRoom::Welcome::Shed;
      failure_ = is_shed ? FailureKind::Shed : FailureKind::QueueFull;
      return false;
    }
    upstream_.waiting_.emplace(guest_.ticket, this);
  }
  state_ = State::InRoom;
  upstream_.parts_.reactor.timers().arm(clock_, until_);
  // A place that became free just before this one stood in the room was nobody's.
  if (upstream_.chooser_.mightFit()) room.callNext();
  return true;
}

void Upstream::WaitForPlace::end(std::optional<FailureKind> failure) {
  failure_ = failure;
  clock_.cancel();
  if (failure)
    sayGone(*failure == FailureKind::QueueTimeout ? WaitingRoom::Going::TimedOut
                                                  : WaitingRoom::Going::Gone);
  waiting_.resume();
}

Result<void> Upstream::WaitForPlace::await_resume() {
  if (failure_) return cannot(*failure_);
  return {};
}

}  // namespace fairlead::upstream
