// fairlead explain: the same pure decision that serves traffic, with its reasons.
#include "app/explain.h"

#include <fmt/format.h>

#include <iostream>
#include <iterator>

#include "app/verbs.h"
#include "base/ascii.h"
#include "base/units.h"
#include "config/diagnostic.h"
#include "proxy/error_page.h"
#include "worker/snapshot.h"

namespace fairlead::app {
namespace {

class Explanation {
 public:
  Explanation(const worker::Rehearsal& rehearsal, const config::Config& config,
              const Diagnostics& files)
      : rehearsal_(rehearsal), config_(config), files_(files) {}

  std::string take() {
    if (const http::MessageFault* fault = rehearsal_.fault()) {
      say("answer", fmt::format("{} {} (before any rule)", fault->status, fault->sentence));
      return std::move(text_);
    }
    explainRequest();
    explainRoute();
    explainSteps();
    if (rehearsal_.pool()) {
      explainUpstream();
      explainPool(*rehearsal_.pool());
      explainMirror();
    } else {
      explainAnswer();
    }
    explainResponse();
    return std::move(text_);
  }

 private:
  template <typename... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<Args>(args)...);
    text_ += '\n';
  }
  void say(std::string_view label, std::string_view text = {}) {
    if (text.empty())
      line("{}", label);
    else
      line("{:<11} {}", label, text);
  }
  std::string place(Mark mark) const { return config::placeText(mark, files_); }

  void explainRequest() {
    const http::Target& target = rehearsal_.received().target;
    say("path", target.path == target.raw_path
                    ? std::string(target.path)
                    : fmt::format("{} (received {})", target.path, target.raw_path));
    const filter::ClientFacts& client = rehearsal_.client();
    say("client", fmt::format("{}{}", client.client.text(),
                              client.peer_trusted ? " (told by a trusted proxy)" : ""));
  }

  void explainRoute() {
    const route::RouteMatch& match = rehearsal_.match();
    if (match.host != route::kNone) {
      const config::Host& host = config_.hosts[static_cast<size_t>(match.host)];
      say("host", fmt::format("{} ({})", fmt::join(host.names, ", "), place(host.mark)));
    } else {
      say("host", fmt::format("no host entry claims {}; the top-level paths are tried",
                              rehearsal_.received().host));
    }
    if (match.route != route::kNone) {
      const config::Route& route = config_.routes[static_cast<size_t>(match.route)];
      say("route", fmt::format("{} ({})", route.match.name, place(route.mark)));
    } else {
      say("route", "none: 404");
    }
    say("considered");
    for (const route::TraceLine& considered : rehearsal_.considered())
      line("  {} {}: {}", considered.matched ? "+" : "-", nameOf(considered),
           considered.matched && considered.why.empty() ? "matches" : considered.why);
  }

  std::string nameOf(const route::TraceLine& considered) const {
    if (considered.route != route::kNone)
      return config_.routes[static_cast<size_t>(considered.route)].match.name;
    if (considered.host != route::kNone)
      return config_.hosts[static_cast<size_t>(considered.host)].names.front();
    return {};
  }

  // Each rule that did something, with the lines of the head before and after it.
  void explainSteps() {
    if (rehearsal_.steps().empty()) return say("filters", "none touched the request");
    say("filters");
    for (const worker::RehearsedStep& step : rehearsal_.steps()) {
      line("  {:<60} ({})", step.rule, place(step.where));
      for (const std::string& before : step.before) line("      - {}", before);
      for (const std::string& after : step.after) line("      + {}", after);
    }
  }

  void explainUpstream() {
    const http::RequestHead& head = rehearsal_.sent();
    say("upstream", fmt::format("{} {}", head.method_text, rehearsal_.upstreamTarget()));
    for (const http::Field& field : head.fields) line("  {}: {}", field.name(), field.value());
  }

  void explainPool(const upstream::Pool& pool) {
    say("pool", fmt::format("{}, balance {}: {}", pool.name(), pool.settings.balance.text(),
                            pool.settings.balance.policy.value->sentence));
    say("candidates");
    for (const auto& server : pool.roster()->servers) {
      std::string facts = server->weight == 0 ? "weight 0: no new requests"
                                              : fmt::format("weight {}", server->weight);
      if (server->max_requests != 0)
        facts += fmt::format(", at most {} at once", server->max_requests);
      const std::string name =
          server->name == server->address ? server->name : server->name + " " + server->address;
      line("  {} {}", name, facts);
    }
  }

  void explainMirror() {
    const auto& mirror = rehearsal_.decision().route->mirror;
    if (!mirror) return;
    const auto& route = config_.routes[static_cast<size_t>(rehearsal_.match().route)];
    say("mirror",
        fmt::format("{}, {} of the requests, bodies up to {}", route.rules.mirror.pool.value,
                    units::formatPercent(mirror->share), units::formatSize(mirror->max_body)));
  }

  void explainAnswer() {
    const filter::Answer& answer = *rehearsal_.decision().answer;
    const std::string_view body = rehearsal_.body();
    std::string why;
    if (!answer.rule.empty()) why = fmt::format(" by {} ({})", answer.rule, place(answer.origin));
    say("answer",
        fmt::format(
            "{} {}{}", answer.status,
            body.find('\n') == std::string_view::npos ? body : body.substr(0, body.find('\n')),
            why));
  }

  // What fairlead's rules say to the client, beside what a server says.
  void explainResponse() {
    const http::Fields& fields = rehearsal_.response().fields;
    if (fields.size() == 0) return;
    say("response", rehearsal_.pool() ? "the server's, and set by rules" : "");
    for (const http::Field& field : fields) line("  {}: {}", field.name(), field.value());
  }

  const worker::Rehearsal& rehearsal_;
  const config::Config& config_;
  const Diagnostics& files_;
  std::string text_;
};

// "name:value" as the user gave it.
std::pair<std::string, std::string> splitField(const std::string& text) {
  const size_t colon = text.find(':');
  if (colon == std::string::npos) return {text, ""};
  return {text.substr(0, colon),
          std::string(ascii::trim(std::string_view(text).substr(colon + 1)))};
}

}  // namespace

std::string explanationOf(const worker::Rehearsal& rehearsal, const config::Config& config,
                          const Diagnostics& files) {
  return Explanation(rehearsal, config, files).take();
}

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
  worker::RehearsedRequest rehearsed{
      .method = request.method, .url = request.url, .fields = {}, .from = *from};
  for (const std::string& header : request.headers) rehearsed.fields.push_back(splitField(header));
  std::vector<std::string> listeners;
  for (const io::ListenAddress& at : snapshot.listens) listeners.push_back(at.text());
  std::cout << fmt::format("{:<11} {} {} from {}\n{:<11} {}\n", "request", request.method,
                           request.url, from->text(), "listener", fmt::join(listeners, " or "))
            << explanationOf(worker::Rehearsal(snapshot, rehearsed), *config, diagnostics);
  return Exit::Ok;
}

}  // namespace fairlead::app
