// Each expectation against what a rehearsal says.
#include "worker/route_tests.h"

#include <fmt/format.h>

#include "base/ascii.h"

namespace fairlead::worker {
namespace {

class Judge {
 public:
  Judge(const config::RouteTest& test, const Rehearsal& rehearsal, TestResult& result)
      : test_(test), rehearsal_(rehearsal), result_(result) {}

  void judge() {
    if (test_.status) judgeStatus(*test_.status);
    if (test_.pool) judgePool(*test_.pool);
    if (test_.server) judgeServer(*test_.server);
    if (test_.upstream) judgeUpstream(*test_.upstream);
    if (test_.redirect) judgeRedirect(*test_.redirect);
    for (const config::RouteTest::Field& field : test_.headers)
      judgeField(field, sentFields(), "to the server");
    for (const config::RouteTest::Field& field : test_.response_headers)
      judgeField(field, responseFields(), "to the client");
  }

 private:
  void fail(Mark where, std::string expected, std::string actual) {
    result_.failures.push_back({where, std::move(expected), std::move(actual)});
  }

  // What became of the request, in a few words.
  std::string outcome() const {
    if (const http::MessageFault* fault = rehearsal_.fault())
      return fmt::format("status {}: {}", fault->status, fault->sentence);
    if (const upstream::Pool* pool = rehearsal_.pool())
      return fmt::format("pool `{}`", pool->name());
    const auto& answer = rehearsal_.decision().answer;
    return answer->rule.empty() ? fmt::format("status {}", answer->status)
                                : fmt::format("status {} by {}", answer->status, answer->rule);
  }

  void judgeStatus(const ::fairlead::Setting<uint16_t>& status) {
    const http::MessageFault* fault = rehearsal_.fault();
    const uint16_t actual = fault ? fault->status : rehearsal_.response().status;
    if (actual == status.value && !rehearsal_.pool()) return;
    fail(status.origin, fmt::format("status {}", status.value),
         rehearsal_.pool() ? outcome() + ", whose server says the status" : outcome());
  }

  void judgePool(const ::fairlead::Setting<std::string>& name) {
    const upstream::Pool* pool = rehearsal_.pool();
    if (!pool || pool->name() != name.value)
      fail(name.origin, fmt::format("pool `{}`", name.value), outcome());
  }

  void judgeServer(const ::fairlead::Setting<std::string>& name) {
    const upstream::Pool* pool = rehearsal_.pool();
    const upstream::Server* server = rehearsal_.onlyServer();
    if (server && (server->name == name.value || server->address == name.value)) return;
    const std::string expected = fmt::format("server `{}`", name.value);
    if (!pool) return fail(name.origin, expected, outcome());
    if (server) return fail(name.origin, expected, fmt::format("server `{}`", server->name));
    fail(name.origin, expected,
         fmt::format("pool `{}`, which balances over {} servers", pool->name(),
                     pool->roster()->servers.size()));
  }

  void judgeUpstream(const ::fairlead::Setting<std::string>& target) {
    const std::string expected = fmt::format("upstream {}", target.value);
    if (!rehearsal_.pool()) return fail(target.origin, expected, outcome());
    const std::string actual = rehearsal_.upstreamTarget();
    if (actual != target.value) fail(target.origin, expected, fmt::format("upstream {}", actual));
  }

  void judgeRedirect(const ::fairlead::Setting<std::string>& location) {
    const std::string expected = fmt::format("redirect to {}", location.value);
    if (rehearsal_.fault() || rehearsal_.pool() || rehearsal_.response().status / 100 != 3)
      return fail(location.origin, expected, outcome());
    const auto actual = rehearsal_.response().fields.valueOf(http::FieldId::Location);
    if (actual != location.value)
      fail(location.origin, expected, fmt::format("redirect to {}", actual));
  }

  const http::Fields* sentFields() const {
    return rehearsal_.pool() ? &rehearsal_.sent().fields : nullptr;
  }
  const http::Fields* responseFields() const {
    return rehearsal_.fault() ? nullptr : &rehearsal_.response().fields;
  }

  // One of the lines of that name has to have the value.
  void judgeField(const config::RouteTest::Field& field, const http::Fields* fields,
                  std::string_view whither) {
    const std::string expected = field.value
                                     ? fmt::format("{}: {} {}", field.name, *field.value, whither)
                                     : fmt::format("no {} {}", field.name, whither);
    if (!fields) return fail(field.mark, expected, outcome());
    std::string actual;
    for (const http::Field& line : *fields) {
      if (!ascii::equalsIgnoreCase(line.name(), field.name)) continue;
      if (field.value && line.value() == *field.value) return;
      actual += fmt::format("{}{}: {}", actual.empty() ? "" : ", ", line.name(), line.value());
    }
    if (actual.empty() && !field.value) return;
    fail(field.mark, expected, actual.empty() ? fmt::format("no {}", field.name) : actual);
  }

  const config::RouteTest& test_;
  const Rehearsal& rehearsal_;
  TestResult& result_;
};

}  // namespace

RehearsedRequest requestOf(const config::RouteTest& test) {
  return {.method = test.method, .url = test.url, .fields = test.fields, .from = test.from};
}

std::vector<TestResult> runTests(const config::Config& config, const Snapshot& snapshot) {
  std::vector<TestResult> results;
  for (const config::RouteTest& test : config.tests) {
    const Rehearsal rehearsal(snapshot, requestOf(test));
    TestResult result{.test = &test, .route = rehearsal.match().route, .failures = {}};
    Judge(test, rehearsal, result).judge();
    results.push_back(std::move(result));
  }
  return results;
}

}  // namespace fairlead::worker
