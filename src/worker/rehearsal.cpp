// The steps of the pipeline, with a parser before them and no connection behind.
#include "worker/rehearsal.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

#include "base/ascii.h"
#include "config/idn.h"
#include "http/h1/parser.h"
#include "proxy/error_page.h"
#include "proxy/heads.h"
#include "proxy/response_rules.h"

namespace fairlead::worker {
namespace {

// The request as it would come over the wire, so that the very parser of the traffic reads it.
struct Wire {
  std::string bytes;
  std::string_view scheme = "http";
};

Wire wireOf(const RehearsedRequest& request) {
  Wire wire;
  std::string target = request.url;
  std::string host;
  if (const size_t scheme = target.find("://"); scheme != std::string::npos) {
    if (ascii::equalsIgnoreCase(target.substr(0, scheme), "https")) wire.scheme = "https";
    const size_t begin = scheme + 3;
    const size_t end = std::min(target.find_first_of("/?", begin), target.size());
    host = target.substr(begin, end - begin);
    target = target.substr(end);
    if (target.empty() || target.front() == '?') target.insert(0, "/");
  }
  std::string fields;
  for (const auto& [name, value] : request.fields) {
    if (ascii::equalsIgnoreCase(name, "Host"))
      host = value;
    else
      fields += fmt::format("{}: {}\r\n", name, value);
  }
  if (host.empty()) host = "localhost";
  if (!config::isAscii(host)) host = config::toAsciiName(host).value_or(host);
  wire.bytes =
      fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\n{}\r\n", request.method, target, host, fields);
  return wire;
}

std::vector<std::string> linesOf(const http::RequestHead& head) {
  std::vector<std::string> lines;
  lines.push_back(fmt::format("{} {}{}{}", head.method_text, head.target.path,
                              head.target.has_query ? "?" : "", head.target.query));
  for (const http::Field& field : head.fields)
    lines.push_back(fmt::format("{}: {}", field.name(), field.value()));
  return lines;
}

// The lines of `a` that are not in `b`, in their order.
std::vector<std::string> without(const std::vector<std::string>& a, std::vector<std::string> b) {
  std::vector<std::string> rest;
  for (const std::string& line : a) {
    const auto found = std::ranges::find(b, line);
    if (found == b.end())
      rest.push_back(line);
    else
      b.erase(found);
  }
  return rest;
}

// Compares the head at each note with what it was at the one before.
class Observer final : public filter::Trace {
 public:
  Observer(const http::RequestHead& head, std::vector<RehearsedStep>& steps)
      : head_(head), steps_(steps) {}

  void note(std::string line, Mark where) override {
    if (is_over_) return;
    std::vector<std::string> now = linesOf(head_);
    steps_.push_back({.rule = std::move(line),
                      .where = where,
                      .before = without(last_, now),
                      .after = without(now, last_)});
    last_ = std::move(now);
  }
  // What is changed from here on is the rules' doing.
  void begin() { last_ = linesOf(head_); }
  // The request is on its way; rules of the response are not observed.
  void end() { is_over_ = true; }

 private:
  const http::RequestHead& head_;
  std::vector<RehearsedStep>& steps_;
  std::vector<std::string> last_;
  bool is_over_ = false;
};

}  // namespace

struct Rehearsal::Memory {
  explicit Memory(std::vector<RehearsedStep>& steps) : observer(head, steps) {}

  Wire wire;
  Arena arena;
  http::h1::RequestParser parser;
  http::RequestHead received;
  http::RequestHead head;
  http::ResponseHead response;
  std::string_view body;
  filter::ClientFacts client;
  filter::RequestFacts facts;
  proxy::Decision decision;
  Random random{1};
  Observer observer;
};

Rehearsal::Rehearsal(const Snapshot& snapshot, const RehearsedRequest& request)
    : snapshot_(snapshot), memory_(std::make_unique<Memory>(steps_)) {
  Memory& m = *memory_;
  m.wire = wireOf(request);
  m.client = {.peer = request.from, .client = request.from, .scheme = m.wire.scheme};
  if (!snapshot.listens.empty()) m.client.listener_port = snapshot.listens.front().address.port;
  if (m.parser.parse(m.wire.bytes, m.head, m.arena) != http::h1::ParseStatus::Complete) {
    fault_ = m.parser.fault();
    return;
  }
  m.received = m.head;
  decide();
  if (m.decision.leg) completeRequest();
  composeResponse();
}

Rehearsal::~Rehearsal() = default;

void Rehearsal::decide() {
  Memory& m = *memory_;
  m.facts.time = std::chrono::duration_cast<std::chrono::microseconds>(
      std::chrono::system_clock::now().time_since_epoch());
  m.observer.begin();
  m.decision = proxy::decide(m.head, {.plan = snapshot_.plan,
                                      .client = m.client,
                                      .request = m.facts,
                                      .framing = {},
                                      .arena = m.arena,
                                      .random = m.random,
                                      .trace = &m.observer});
  explainRoute();
}

// The routes that were considered, with the reasons: the head as routing saw it, and for a
// pre-flight the method that it asks for, if that one's route answered.
void Rehearsal::explainRoute() {
  Memory& m = *memory_;
  const proxy::Plan& plan = snapshot_.plan;
  http::RequestHead head = m.received;
  filter::ClientFacts client = m.client;
  filter::identifyClient(head, plan.trusted, client);
  route::RouteQuery query = proxy::queryOf(head, client);
  match_ = plan.router.explain(query, considered_);
  const auto reached = [&] {
    return match_.route == route::kNone ? nullptr : &plan.routes[static_cast<size_t>(match_.route)];
  };
  if (!m.decision.preflight || reached() == m.decision.route) return;
  query.method = filter::Cors::askedMethod(head);
  considered_.clear();
  match_ = plan.router.explain(query, considered_);
}

// What the traffic does once a server is chosen.
void Rehearsal::completeRequest() {
  Memory& m = *memory_;
  const proxy::RoutePlan& route = *m.decision.route;
  const upstream::Server* server = onlyServer();
  m.facts.server = server ? std::string_view(server->name) : "(the chosen server)";
  if (route.rules_wait_for_server) {
    const proxy::Refusal refusal = proxy::applyRules(m.head, route, scene(), m.decision.mapping);
    if (refusal.status != 0) {
      m.decision.leg = nullptr;
      m.decision.answer = proxy::answerOf(refusal);
      return;
    }
  }
  if (route.level.headers.removesHost())
    m.head.fields.set(http::Field::make(m.arena, http::FieldId::Host, m.arena.copy(sentHost())));
  proxy::completeRequestHead(m.head, {}, m.decision.upgrade, m.arena);
}

void Rehearsal::composeResponse() {
  Memory& m = *memory_;
  const proxy::LevelPlan& level = proxy::levelOf(m.decision, snapshot_.plan);
  m.response.clear();
  if (m.decision.answer) {
    proxy::OwnAnswer own{.answer = *m.decision.answer, .retry_after = 0, .date = {}};
    if (!m.decision.configured) own.answer = level.error_pages.apply(own.answer, scene());
    m.body = proxy::composeAnswer(own, m.received, m.response, m.arena);
    m.response.fields.erase(http::FieldId::Date);
  }
  m.observer.end();
  const upstream::Server* server = onlyServer();
  proxy::applyResponseRules(
      m.response,
      {.decision = m.decision,
       .level = level,
       .scene = scene(),
       .from_server = m.decision.leg != nullptr,
       .client_authority = m.received.authority,
       .sent_authority = m.head.fields.valueOf(http::FieldId::Host),
       .server_address = server ? std::string_view(server->address) : std::string_view{}});
}

filter::Scene Rehearsal::scene() {
  Memory& m = *memory_;
  return {m.client, m.arena, &m.observer, m.facts};
}

const filter::ClientFacts& Rehearsal::client() const { return memory_->client; }
const http::RequestHead& Rehearsal::received() const { return memory_->received; }
const http::RequestHead& Rehearsal::sent() const { return memory_->head; }
const proxy::Decision& Rehearsal::decision() const { return memory_->decision; }
const http::ResponseHead& Rehearsal::response() const { return memory_->response; }
std::string_view Rehearsal::body() const { return memory_->body; }

const upstream::Pool* Rehearsal::pool() const {
  const proxy::LegPlan* leg = memory_->decision.leg;
  return leg ? snapshot_.plan.pools[leg->pool].get() : nullptr;
}

const upstream::Server* Rehearsal::onlyServer() const {
  const upstream::Pool* goes_to = pool();
  if (!goes_to) return nullptr;
  const upstream::Server* only = nullptr;
  for (const auto& server : goes_to->roster()->servers) {
    if (server->weight == 0) continue;
    if (only) return nullptr;
    only = server.get();
  }
  return only;
}

std::string Rehearsal::upstreamTarget() const {
  const http::RequestHead& head = memory_->head;
  const bool is_raw = memory_->decision.route->path_bytes == http::h1::PathBytes::Raw;
  return fmt::format("{}{}{}", is_raw ? head.target.raw_path : head.target.path,
                     head.target.has_query ? "?" : "", head.target.query);
}

std::string Rehearsal::sentHost() const {
  if (!memory_->decision.route->level.headers.removesHost())
    return std::string(memory_->head.fields.valueOf(http::FieldId::Host));
  const upstream::Server* server = onlyServer();
  return server ? server->address : "(the chosen server's own address)";
}

}  // namespace fairlead::worker
