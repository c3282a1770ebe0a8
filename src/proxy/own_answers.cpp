// fairlead's own answers: to requests that it serves or refuses itself, and for what failed.
#include <array>

#include "http/h1/serializer.h"
#include "proxy/heads.h"
#include "proxy/journey.h"
#include "proxy/response_rules.h"

namespace fairlead::proxy {
namespace {

using firewall::Action;
using http::Framing;

constexpr uint16_t kNoAnswer = 444;      // in the log, as nginx has it
constexpr size_t kMostTarpitted = 1000;  // of one worker; whoever comes then is answered at once

}  // namespace

Failure Journey::clientSide(Failure failure) {
  if (failure.side == Side::Client &&
      (failure.kind == FailureKind::Closed || failure.kind == FailureKind::Reset))
    failure.kind = FailureKind::ClientGone;
  return failure;
}

bool Journey::skipBody() {
  session::BodyReader& body = client_.body();
  while (!body.finished()) {
    const auto piece = body.take();
    if (!piece || (piece->data.empty() && !piece->last)) return false;
  }
  return true;
}

bool Journey::clientMayStay() const { return exchange_.keep_alive && !client_.draining(); }

Task<After> Journey::answer(const filter::Answer& answer, uint32_t retry_after) {
  // What follows a CONNECT may be meant for the tunnel: it is no request.
  if (exchange_.request.method == http::Method::Connect) exchange_.keep_alive = false;
  if (decision_.firewall.blocked && isTurnedAway()) co_return turnAway(answer);
  const bool all_read = exchange_.keep_alive && skipBody();
  const bool stay = clientMayStay() && all_read;
  const std::array<std::string_view, 2> pieces = composeAnswerFor(answer, retry_after, stay);
  outcome_.status = answer.status;
  outcome_.bytes_in = exchange_.head_bytes + client_.body().octets();
  const auto sent = co_await client_.stream().write(pieces, kAnswerTime, kNever,
                                                    stay ? io::Then::More : io::Then::End);
  if (!sent) {
    outcome_.failed = true;
    outcome_.failure = {FailureKind::ClientGone, Step::Send, Side::Client, Retry::Never};
    co_return After::Close;
  }
  outcome_.bytes_out += pieces[0].size() + pieces[1].size();
  if (stay) co_return After::Next;
  co_return all_read ? After::Close : After::Linger;
}

bool Journey::isTurnedAway() const {
  const Action::Kind kind = decision_.firewall.action.kind;
  return kind == Action::Kind::Drop ||
         (kind == Action::Kind::Tarpit && pipeline_.tarpitted_ < kMostTarpitted);
}

// The connection is closed without a word, or the client waits for its answer: without this
// exchange and its memory.
After Journey::turnAway(const filter::Answer& answer) {
  exchange_.keep_alive = false;
  outcome_.bytes_in = exchange_.head_bytes;
  const Action& action = decision_.firewall.action;
  if (action.kind == Action::Kind::Drop) {
    outcome_.status = kNoAnswer;
    return After::Close;
  }
  const auto [head, body] = composeAnswerFor(answer, 0, false);
  connection_.late = std::make_unique<LateAnswer>(std::string(head), action.wait);
  connection_.late->text += body;
  outcome_.status = answer.status;
  outcome_.bytes_out = connection_.late->text.size();
  return After::Tarpit;
}

// A body whose size was not known before: what it came to.
void Journey::noteLargeBody() {
  if (exchange_.framing.kind == Framing::Kind::Length) return;
  for (const BodyRule& rule : decision_.route->body_rules)
    if (client_.body().octets() > rule.bytes)
      firewall::settle(rule.hit(), rule.policy, question(), visit_ ? &*visit_ : nullptr,
                       decision_.firewall);
}

// What the answer says of the client.
void Journey::tellFirewall() {
  if (!visit_) return;
  if (decision_.route) noteLargeBody();
  const auto tell = [&](const firewall::FirewallRules& rules) {
    if (!rules.bans().empty()) visit_->answered(rules, question(), outcome_.status, now());
  };
  tell(pipeline_.parts_.plan.firewall);
  if (decision_.host) tell(decision_.host->firewall);
  if (decision_.route) tell(decision_.route->firewall);
}

// Head and body: the page of the configuration for this error, and the rules for responses.
std::array<std::string_view, 2> Journey::composeAnswerFor(const filter::Answer& answer,
                                                          uint32_t retry_after, bool stay) {
  const LevelPlan& level = levelOf(decision_, pipeline_.parts_.plan);
  const filter::Scene scene = this->scene();
  OwnAnswer own{.answer = answer, .retry_after = retry_after, .date = pipeline_.date()};
  if (!decision_.configured && !level.error_pages.empty())
    own.answer = level.error_pages.apply(own.answer, scene);
  const http::RequestHead& request = exchange_.request;
  http::ResponseHead& head = exchange_.response;
  const std::string_view body = composeAnswer(own, request, head, exchange_.arena);
  const bool fits =
      applyResponseRules(head, {.decision = decision_, .level = level, .scene = scene});
  // Rules that make a head too large to be sent are left out.
  if (!fits) composeAnswer(own, request, head, exchange_.arena);
  addPersistence(head.fields, stay, request.version);
  return {http::h1::writeResponseHead(head, exchange_.arena), body};
}

Task<After> Journey::fail(Failure failure) {
  endAttempt();
  failure = clientSide(failure);
  outcome_.failed = true;
  outcome_.failure = failure;
  const uint16_t status = statusOf(failure);
  if (status == 499) {
    outcome_.status = status;
    co_return After::Close;
  }
  const uint32_t retry_after = status == 503 ? retryAfter() : 0;
  // After a failure of the client's own body its framing is lost.
  if (failure.side == Side::Client) exchange_.keep_alive = false;
  co_return co_await answer(
      {.status = status, .body = {}, .content_type = {}, .fields = {}, .rule = {}, .origin = {}},
      retry_after);
}

}  // namespace fairlead::proxy
