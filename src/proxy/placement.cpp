// A request's place: in its pool, on a server, and with the server that its client belongs to.
#include "http/cookies.h"
#include "proxy/journey.h"

namespace fairlead::proxy {

using upstream::Upstream;

namespace {

// While it lives: when the client goes, its request does not wait any longer.
class QueueWatch final : io::Stream::Attendant {
 public:
  QueueWatch(io::Stream& client, Upstream::WaitForPlace& wait) : client_(client), wait_(wait) {
    client_.setAttendant(this);
  }
  QueueWatch(const QueueWatch&) = delete;
  QueueWatch& operator=(const QueueWatch&) = delete;
  ~QueueWatch() { client_.setAttendant(nullptr); }

 private:
  void onStir(io::Stream& stream) override {
    if (stream.broken()) wait_.giveUp();
  }
  io::Stream& client_;
  Upstream::WaitForPlace& wait_;
};

}  // namespace

// A pool without limits has a place for everybody.
Result<void> Journey::place() {
  if (!decision_.sticky.empty()) sticky_ = findSticky();
  return takeServer(upstream::Permit::Comes::New);
}

// For a request that found none.
Task<Result<void>> Journey::waitForPlace() {
  Result<void> taken = std::unexpected(upstream::overloaded());
  Upstream::WaitForPlace wait(*upstream_, decision_.route->priority, until_);
  const QueueWatch watch(client_.stream(), wait);
  while (!taken && taken.error().kind == FailureKind::Overloaded) {
    const bool is_here = !client_.stream().broken();
    const Result<void> called = is_here ? co_await wait : Result<void>{};
    if (client_.stream().broken())
      co_return failWith(FailureKind::ClientGone, Step::Choose, Side::Client);
    if (!called) co_return called;
    taken = takeServer(upstream::Permit::Comes::FromQueue);
  }
  if (taken) wait.foundPlace();
  co_return taken;
}

// Whoever gets no server does not keep a place in the pool either.
Result<void> Journey::takeServer(upstream::Permit::Comes comes) {
  if (upstream_->pool().isGuarded() && !permit_) {
    Result<upstream::Permit> entered = upstream::Permit::take(upstream_->pool(), comes, now());
    if (!entered) return std::unexpected(entered.error());
    permit_ = std::move(*entered);
  }
  Result<upstream::Chosen> chosen = upstream_->choose(tried_, decision_.key, sticky_.get());
  if (!chosen) {
    permit_.giveBack();
    return std::unexpected(chosen.error());
  }
  chosen_ = std::move(*chosen);
  if (permit_) chosen_.keepQuiet();
  return {};
}

Result<void> Journey::beginOnServer() {
  tried_.add(chosen_.server());
  ++outcome_.attempts;
  outcome_.server = chosen_.server().name;
  if (untouched_) return applyRulesForServer();
  return {};
}

// --- sticky clients

// The first cookie that names a server counts, whatever forged ones stand around it.
upstream::SlotUse Journey::findSticky() const {
  for (const std::string_view value : decision_.sticky) {
    upstream::SlotUse own = decision_.leg->sticky ? upstream_->stickyByToken(value)
                                                  : upstream_->stickyBySession(sessionKey(value));
    if (own) return own;
  }
  return {};
}

// A client that has no server yet is told which one it has now, and one whose server does not
// answer any more is told so once. While its server is merely full, a client remains its own.
bool Journey::tellServer() {
  if (decision_.leg->learns) learnSession();
  if (!decision_.leg->sticky) return true;
  upstream::Slot* const serves = &chosen_.slot();
  if (serves == sticky_.get() || !serves->is_listed) return true;
  if (sticky_ && !tried_.has(*sticky_->server) &&
      sticky_->server->share.load(std::memory_order_relaxed) > 0)
    return true;
  return exchange_.response.fields.add(decision_.leg->sticky->setCookie(
      upstream_->tokenOf(*serves), facts_.scheme, exchange_.arena));
}

// The session that the server begins with this answer.
void Journey::learnSession() {
  const std::string& name = decision_.leg->learns->name();
  for (const http::Field& field : exchange_.response.fields) {
    if (field.id() != http::FieldId::SetCookie) continue;
    const std::string_view value = field.value();
    const http::Cookie cookie = http::cookieOf(value.substr(0, value.find(';')));
    if (cookie.name == name && !cookie.value.empty())
      upstream_->learn(sessionKey(cookie.unquoted()), chosen_.server());
  }
}

}  // namespace fairlead::proxy
