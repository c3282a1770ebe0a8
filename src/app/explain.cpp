// fairlead explain: the same pure decision that serves traffic, with its reasons.
#include <fmt/format.h>

#include <iostream>
#include <memory>

#include "app/verbs.h"
#include "base/ascii.h"
#include "base/units.h"
#include "config/diagnostic.h"
#include "http/h1/parser.h"
#include "proxy/decide.h"
#include "proxy/error_page.h"
#include "proxy/heads.h"
#include "worker/snapshot.h"

namespace fairlead::app {
namespace {

// The request as it would come over the wire, so that the very parser of the traffic reads it.
std::string wireRequest(const ExplainRequest& request) {
  std::string target = request.url;
  std::string host;
  if (const size_t scheme = target.find("://"); scheme != std::string::npos) {
    const size_t begin = scheme + 3;
    const size_t end = std::min(target.find_first_of("/?", begin), target.size());
    host = target.substr(begin, end - begin);
    target = target.substr(end);
    if (target.empty() || target.front() == '?') target.insert(0, "/");
  }
  std::string fields;
  for (const std::string& header : request.headers) {
    const size_t colon = header.find(':');
    const std::string name = header.substr(0, colon);
    const std::string value(
        colon == std::string::npos ? "" : ascii::trim(std::string_view(header).substr(colon + 1)));
    if (ascii::equalsIgnoreCase(name, "Host")) {
      host = value;
    } else {
      fields += fmt::format("{}: {}\r\n", name, value);
    }
  }
  if (host.empty()) host = "localhost";
  return fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\n{}\r\n", request.method, target, host, fields);
}

class Notes final : public filter::Trace {
 public:
  explicit Notes(const Diagnostics& files) : files_(files) {}
  void note(std::string line, Mark where) override {
    text += fmt::format("  {:<60} ({})\n", line, config::placeText(where, files_));
  }
  std::string text;

 private:
  const Diagnostics& files_;
};

void say(std::string_view label, std::string_view text = {}) {
  std::cout << (text.empty() ? fmt::format("{}\n", label)
                             : fmt::format("{:<11} {}\n", label, text));
}

void explainRoute(const config::Config& config, const worker::Snapshot& snapshot,
                  const http::RequestHead& head, const Diagnostics& files) {
  std::vector<route::TraceLine> trace;
  const route::RouteMatch match =
      snapshot.plan.router.explain({.host = head.host, .path = head.target.path}, trace);
  if (match.host != route::kNone) {
    const config::Host& host = config.hosts[static_cast<size_t>(match.host)];
    say("host",
        fmt::format("{} ({})", fmt::join(host.names, ", "), config::placeText(host.mark, files)));
  } else {
    say("host", fmt::format("no host entry claims {}; the top-level paths are tried", head.host));
  }
  if (match.route != route::kNone) {
    const config::Route& route = config.routes[static_cast<size_t>(match.route)];
    say("route", fmt::format("{} ({})", route.name, config::placeText(route.mark, files)));
  } else {
    say("route", "none: 404");
  }
  say("considered");
  for (const route::TraceLine& line : trace) {
    const std::string name =
        line.route != route::kNone  ? config.routes[static_cast<size_t>(line.route)].name
        : line.host != route::kNone ? config.hosts[static_cast<size_t>(line.host)].names.front()
                                    : "";
    std::cout << fmt::format("  {} {}: {}\n", line.matched ? "+" : "-", name,
                             line.matched && line.why.empty() ? "matches" : line.why);
  }
}

void explainPool(const upstream::Pool& pool) {
  say("pool",
      fmt::format("{}, balance {}: {}", pool.name, pool.policy->name, pool.policy->sentence));
  say("candidates");
  for (const balance::Endpoint* server : pool.endpoints) {
    std::string facts = server->weight == 0 ? "weight 0: no new requests"
                                            : fmt::format("weight {}", server->weight);
    if (server->max_requests != 0)
      facts += fmt::format(", at most {} at once", server->max_requests);
    const std::string name =
        server->name == server->address ? server->name : server->name + " " + server->address;
    std::cout << fmt::format("  {} {}\n", name, facts);
  }
}

void explainMirror(const proxy::MirrorPlan& mirror, const proxy::Plan& plan) {
  say("mirror",
      fmt::format("{}, {} of the requests, bodies up to {}", plan.pools[mirror.pool]->name,
                  units::formatPercent(mirror.share), units::formatSize(mirror.max_body)));
}

void explainUpstream(http::RequestHead& head, const proxy::Decision& decision, Arena& arena) {
  proxy::completeRequestHead(head, {}, decision.upgrade, arena);
  const bool raw = decision.route->path_bytes == http::h1::PathBytes::Raw;
  say("upstream",
      fmt::format("{} {}{}{}", head.method_text, raw ? head.target.raw_path : head.target.path,
                  head.target.has_query ? "?" : "", head.target.query));
  for (const http::Field& field : head.fields) {
    const bool replaced =
        decision.route->headers.removesHost() && field.id() == http::FieldId::Host;
    if (!replaced) std::cout << fmt::format("  {}: {}\n", field.name(), field.value());
  }
  if (decision.route->headers.removesHost())
    std::cout << "  Host: (the chosen server's own address)\n";
}

void explainAnswer(const proxy::Decision& decision, const Diagnostics& files) {
  const filter::Answer& answer = *decision.answer;
  const std::string_view sentence =
      answer.body.empty() ? proxy::sentenceOf(answer.status) : answer.body;
  std::string why;
  if (!answer.rule.empty())
    why = fmt::format(" by {} ({})", answer.rule, config::placeText(answer.origin, files));
  say("answer", fmt::format("{} {}{}", answer.status, sentence, why));
}

void explainDecision(const config::Config& config, const worker::Snapshot& snapshot,
                     http::RequestHead& head, filter::ClientFacts client,
                     const Diagnostics& files) {
  std::vector<std::string> listeners;
  for (const io::ListenAddress& at : snapshot.listens) listeners.push_back(at.text());
  say("listener", fmt::format("{}", fmt::join(listeners, " or ")));
  say("path", head.target.path == head.target.raw_path
                  ? std::string(head.target.path)
                  : fmt::format("{} (received {})", head.target.path, head.target.raw_path));
  const http::RequestHead before = head;
  auto arena = std::make_unique<Arena>();
  Random random(1);
  Notes notes(files);
  const proxy::Decision decision = proxy::decide(head, {.plan = snapshot.plan,
                                                        .client = client,
                                                        .framing = {},
                                                        .arena = *arena,
                                                        .random = random,
                                                        .trace = &notes});
  say("client", fmt::format("{}{}", client.client.text(),
                            client.peer_trusted ? " (told by a trusted proxy)" : ""));
  explainRoute(config, snapshot, before, files);
  say("filters", notes.text.empty() ? "none touched the request" : "");
  std::cout << notes.text;
  if (decision.answer) {
    explainAnswer(decision, files);
  } else {
    explainUpstream(head, decision, *arena);
    explainPool(*snapshot.plan.pools[decision.route->pool]);
    if (decision.route->mirror) explainMirror(*decision.route->mirror, snapshot.plan);
  }
}

}  // namespace

Exit explain(const std::string& config_file, const ExplainRequest& request) {
  const auto from = IpAddress::parse(request.from);
  if (!from) {
    std::cerr << fmt::format(
        "--from {}: an IPv4 or IPv6 address is expected, such as 203.0.113.7\n", request.from);
    return Exit::Usage;
  }
  Diagnostics diagnostics;
  const auto config = loadOrComplain(config_file, Warnings::Silent, diagnostics);
  if (!config) return Exit::BadConfig;
  const worker::Snapshot snapshot = worker::compile(*config);

  const std::string wire = wireRequest(request);
  auto head = std::make_unique<http::RequestHead>();
  auto arena = std::make_unique<Arena>();
  http::h1::RequestParser parser;
  say("request", fmt::format("{} {} from {}", request.method, request.url, from->text()));
  if (parser.parse(wire, *head, *arena) != http::h1::ParseStatus::Complete) {
    say("answer",
        fmt::format("{} {} (before any rule)", parser.fault().status, parser.fault().sentence));
    return Exit::Ok;
  }
  explainDecision(*config, snapshot, *head, {.peer = *from, .client = *from}, diagnostics);
  return Exit::Ok;
}

}  // namespace fairlead::app
