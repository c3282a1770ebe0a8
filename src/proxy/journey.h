// One request under way: the steps that pipeline.cpp tells the story with, and what they share.
#pragma once

#include <array>

#include "proxy/body_copy.h"
#include "proxy/decide.h"
#include "proxy/error_page.h"
#include "proxy/hedge.h"
#include "proxy/pipeline.h"
#include "upstream/retry_policy.h"
#include "upstream/retry_turn.h"

namespace fairlead::proxy {

// Lives in the frame of Pipeline::serve. One thread.
class Journey {
 public:
  Journey(Pipeline& pipeline, session::ServerSession& client, session::Exchange& exchange,
          filter::ClientFacts& facts, ClientConnection& connection);

  const Decision& decide();
  // For a request whose head was refused: nothing is decided, only noted.
  void note() { rememberRequest(exchange_.request, request_); }
  // An answer of fairlead's own.
  Task<After> answer(const filter::Answer& answer, uint32_t retry_after = 0);
  // To a server and back. Failures that the client could still be told of are told.
  Task<After> forward();
  // How it all ended, for the pool's circuit breaker and the firewall.
  void settle();
  void tellFirewall();

  Outcome& outcome() { return outcome_; }
  const Outcome& outcome() const { return outcome_; }
  // The request before any rule.
  const filter::RequestFacts& request() const { return request_; }

 private:
  // The steps of `forward`, in their order.
  Task<Result<void>> attempt(upstream::Upstream& upstream);
  Result<void> place();  // a place in the pool, and a server
  Task<Result<void>> waitForPlace();
  Result<void> takeServer(upstream::Permit::Comes comes);
  Result<void> beginOnServer();
  upstream::SlotUse findSticky() const;
  upstream::Lease takeIdle(upstream::Upstream& upstream);
  io::ConnectionEnds endsFor(upstream::Upstream& upstream) const;
  Task<Result<void>> connect(upstream::Upstream& upstream);
  Result<size_t> composeRequest(const upstream::Server& server);  // bytes of the head in `out_`
  Result<void> applyRulesForServer();
  Result<void> rulesOnResponse();
  bool keepsBody() const;
  bool bodyIsHere() const;
  void sendWithBody(size_t head_length);
  Task<void> upload();
  void beginMirror();
  void sendMirror();
  Task<Result<void>> awaitHead();
  void fetchAhead() const;
  bool isWorthWaiting(FailureKind kind);  // after a read that failed
  Task<Result<void>> passInterim();
  // What came of the attempt, for the server's health.
  void reportAttempt(const Result<void>& attempted);
  bool speaksAgainstServer(const Result<void>& attempted) const;
  // Sticky clients: the cookie for one that is moved, and what the server's own cookie says.
  bool tellServer();
  void learnSession();

  // Another attempt beside this one.
  TimePoint hedgeTime() const;  // when to ask; kNever: there will be none
  void beginHedge();
  void takeOver();   // the second attempt answered first
  void dropHedge();  // the first did
  Task<After> deliver();
  Task<After> switchProtocols();
  Task<After> fail(Failure failure);
  bool isTurnedAway() const;  // by the action of the rule that blocked
  After turnAway(const filter::Answer& answer);
  void noteLargeBody();
  firewall::Question question() { return {exchange_.request, facts_, request_, exchange_.arena}; }
  std::array<std::string_view, 2> composeAnswerFor(const filter::Answer& answer,
                                                   uint32_t retry_after, bool stay);

  // Decides about another attempt after a failure, and prepares it.
  Task<bool> tryAgain(const Failure& failure);
  bool tryAgainForStatus();
  bool prepareRetry(upstream::RetryDecision decision);
  bool mayRetryElsewhere();
  bool takeTicket() { return turn_.takeTicket(upstream_->pool(), retry()); }
  Task<void> awaitTicket();
  void endAttempt();
  void leaveServer();
  uint32_t retryAfter();  // seconds
  upstream::AttemptFacts attemptFacts() const;

  // A client that ends in the middle of what it sends, or cannot be written to, is gone.
  static Failure clientSide(Failure failure);
  static constexpr Duration kAnswerTime = std::chrono::seconds(30);

  void keepForLog();
  After endOfResponse(bool keep_alive);
  // May the client's connection carry another request? Not while its body is on the way.
  bool clientMayStay() const;
  // Skips what is here already of a body that nobody wants; true when that was all of it.
  bool skipBody();
  TimePoint now() const { return pipeline_.parts_.reactor.now(); }
  const upstream::TimeoutSettings& timeouts() const { return decision_.leg->timeouts; }
  const upstream::RetrySettings& retry() const { return decision_.leg->retry; }
  filter::Scene scene() { return {facts_, exchange_.arena, nullptr, request_}; }
  TimePoint headDeadline() const;
  bool uploading() const { return upload_ && !upload_.done(); }
  bool uploadIsLost() const;
  Result<void> failWith(FailureKind kind, Step step, Side side) const;

  Pipeline& pipeline_;
  session::ServerSession& client_;
  session::Exchange& exchange_;
  filter::ClientFacts& facts_;
  ClientConnection& connection_;
  std::optional<firewall::Visit> visit_;  // where there is a firewall or a ban
  Outcome outcome_;

  filter::RequestFacts request_;
  Decision decision_;
  upstream::Upstream* upstream_ = nullptr;
  upstream::Permit permit_;   // of a pool that has limits
  upstream::SlotUse sticky_;  // the client's own server
  // Before the rules, where those wait for the server. Memory of the arena.
  const http::RequestHead* untouched_ = nullptr;
  Refusal refusal_;           // of those rules
  TimePoint until_ = kNever;  // timeouts.total
  balance::Tried tried_;
  bool fresh_connection_ = false;  // the next attempt goes to the same server again
  bool host_removed_ = false;
  upstream::RetryTurn turn_;
  upstream::Chosen chosen_;
  io::Buffer out_;  // the head of the request, or a 101, on its way out
  upstream::Lease lease_;
  TimePoint sent_;                      // when the request was complete
  std::unique_ptr<BodyCopy> mirrored_;  // until a copy was sent; null: there is none to send
  std::optional<BodyCopy> kept_;        // of a body that does not lie whole in the window
  Result<void> uploaded_;
  bool hedge_decided_ = false;
  std::unique_ptr<Hedge> hedge_;
  Task<void> upload_;  // declared last: it uses what stands above, and goes first
};

}  // namespace fairlead::proxy
