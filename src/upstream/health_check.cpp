// Asking servers whether they are well.
#include "upstream/health_check.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "base/units.h"
#include "http/h1/parser.h"
#include "io/stream.h"
#include "upstream/proxy_greeting.h"

namespace fairlead::upstream {
namespace {

std::unique_ptr<const re2::RE2> compiled(const std::string& pattern) {
  if (pattern.empty()) return nullptr;
  return std::make_unique<const re2::RE2>(pattern, re2::RE2::Quiet);
}

std::string wordsFor(const Failure& failure, const HealthSettings& settings) {
  switch (failure.kind) {
    case FailureKind::ConnectRefused:
      return "connection refused";
    case FailureKind::ConnectTimeout:
      return "no connection within the timeout of " + units::formatDuration(settings.timeout);
    case FailureKind::Timeout:
      return "no answer within the timeout of " + units::formatDuration(settings.timeout);
    case FailureKind::Closed:
    case FailureKind::Reset:
      return "connection closed without an answer";
    case FailureKind::Malformed:
    case FailureKind::TooLarge:
      return "the answer is not valid HTTP";
    case FailureKind::NoDescriptors:
      return "fairlead is out of file descriptors";
    default:
      return "connection failed";
  }
}

}  // namespace

// --- what is asked, and what is good

HealthCheck::HealthCheck(const HealthSettings& settings, SendProxyProtocol greeting)
    : settings_(settings),
      greeting_(greeting),
      asked_(settings.method.value + " " + settings.path.value),
      body_(compiled(settings.expect.body)) {
  for (const auto& [name, pattern] : settings.expect.fields)
    fields_.emplace_back(name, compiled(pattern));
}

HealthCheck::~HealthCheck() = default;

std::string HealthCheck::requestTo(const std::string& address) const {
  const std::string& host = settings_.host.value.empty() ? address : settings_.host.value;
  std::string request = fmt::format("{} HTTP/1.1\r\nHost: {}\r\n", asked_, host);
  bool has_agent = false;
  for (const auto& [name, value] : settings_.headers) {
    has_agent = has_agent || ascii::equalsIgnoreCase(name, "User-Agent");
    request += fmt::format("{}: {}\r\n", name, value);
  }
  if (!has_agent) request += "User-Agent: fairlead-health\r\n";
  return request + "Connection: close\r\n\r\n";
}

bool HealthCheck::isExpected(uint16_t status) const {
  return std::ranges::any_of(settings_.expect.status.value, [&](const auto& range) {
    return status >= range.low && status <= range.high;
  });
}

// A field that is there several times is good when one of its values is.
std::string HealthCheck::faultOf(const http::ResponseHead& head) const {
  if (!isExpected(head.status)) return fmt::format("{} answered {}", asked_, head.status);
  for (const auto& [name, pattern] : fields_) {
    bool is_there = false;
    bool is_good = false;
    for (const http::Field& field : head.fields) {
      if (!ascii::equalsIgnoreCase(field.name(), name)) continue;
      is_there = true;
      is_good = is_good || !pattern || re2::RE2::PartialMatch(field.value(), *pattern);
    }
    if (!is_there) return fmt::format("{} answered without the field {}", asked_, name);
    if (!is_good)
      return fmt::format("the field {} of {} does not match /{}/", name, asked_,
                         pattern->pattern());
  }
  return {};
}

std::string HealthCheck::faultOfBody(std::string_view body) const {
  if (!body_ || re2::RE2::PartialMatch(body, *body_)) return {};
  return fmt::format("the body of {} does not match /{}/", asked_, body_->pattern());
}

// --- asking

Task<CheckResult> Prober::probe(const HealthCheck& check, Server& server) {
  const TimePoint began = reactor_.now();
  std::string fault = co_await probeAll(check, server);
  const TimePoint now = reactor_.now();
  const bool passed = fault.empty();
  co_return CheckResult{.at = now,
                        .took = now - began,
                        .passed = passed,
                        .words = passed ? std::string("the check passed") : std::move(fault)};
}

Task<std::string> Prober::probeAll(const HealthCheck& check, Server& server) {
  const HealthSettings& settings = check.settings();
  const TimePoint deadline = deadlineAfter(reactor_.now(), settings.timeout);
  const size_t count = server.addresses.size();
  const size_t preferred = server.preferred_address.load(std::memory_order_relaxed);
  std::string fault = fmt::format("the name {} has no address", server.host);
  for (size_t i = 0; i < count; ++i) {
    const size_t at = (preferred + i) % count;
    SocketAddress address = server.addresses[at];
    if (settings.port != 0) address.port = static_cast<uint16_t>(settings.port.value);
    fault = co_await probeAddress({check, server, address, deadline});
    if (!fault.empty()) continue;
    if (i != 0)
      server.preferred_address.store(static_cast<uint32_t>(at), std::memory_order_relaxed);
    break;
  }
  co_return fault;
}

Task<std::string> Prober::probeAddress(const Question& question) {
  const HealthSettings& settings = question.check.settings();
  Result<io::Descriptor> fd = io::startConnect(question.address);
  if (!fd) co_return wordsFor(fd.error(), settings);
  session::ClientSession session(reactor_, std::move(*fd), buffers_, http::h1::HeadLimits{});
  io::Stream& stream = session.stream();
  if (!stream.ok()) co_return wordsFor({.kind = FailureKind::NoDescriptors}, settings);
  if (!co_await stream.waitConnected(question.deadline))
    co_return wordsFor({.kind = FailureKind::ConnectTimeout}, settings);
  if (const auto connected = stream.connectResult(); !connected)
    co_return wordsFor(connected.error(), settings);
  if (question.check.greeting() != SendProxyProtocol::Off)
    if (const auto greeted = co_await greet(question, stream); !greeted)
      co_return wordsFor(greeted.error(), settings);
  if (question.check.isHttp()) co_return co_await ask(question, session);
  stream.resetOnClose();  // leaves nothing in TIME_WAIT here or there: checks are many
  co_return std::string();
}

// The connection is fairlead's own, and of no client.
Task<Result<void>> Prober::greet(const Question& question, io::Stream& stream) {
  std::array<char, io::kProxyHeaderRoom> room;
  const std::string_view greeting = greetingFor(question.check.greeting(), {}, room);
  co_return co_await stream.write(greeting, Duration{0}, question.deadline);
}

Task<std::string> Prober::ask(const Question& question, session::ClientSession& session) {
  const HealthCheck& check = question.check;
  const std::string request = check.requestTo(question.server.address);
  session.startExchange();
  const auto sent =
      co_await session.stream().write(std::string_view(request), Duration{0}, question.deadline);
  if (!sent) co_return wordsFor(sent.error(), check.settings());
  const auto head = std::make_unique<http::ResponseHead>();  // too large for a frame
  do {
    if (const auto read = co_await session.readHead(*head, question.deadline); !read)
      co_return wordsFor(read.error(), check.settings());
  } while (head->status < 200);
  std::string fault = check.faultOf(*head);
  if (fault.empty() && check.looksAtBody()) fault = co_await askForBody(question, session, *head);
  co_return fault;
}

Task<std::string> Prober::askForBody(const Question& question, session::ClientSession& session,
                                     const http::ResponseHead& head) {
  const HealthSettings& settings = question.check.settings();
  const http::Method method = http::methodOf(settings.method.value);
  if (const auto begun = session.beginBody(head, method); !begun)
    co_return wordsFor(begun.error(), settings);
  std::string body;
  for (;;) {
    const auto piece = session.body().take();
    if (!piece) co_return wordsFor(piece.error(), settings);
    body += piece->data.substr(0, HealthCheck::kMostBody - body.size());
    if (piece->last || body.size() == HealthCheck::kMostBody) break;
    if (!piece->data.empty()) continue;
    if (const auto filled = co_await session.body().fill(question.deadline); !filled)
      co_return wordsFor(filled.error(), settings);
  }
  co_return question.check.faultOfBody(body);
}

}  // namespace fairlead::upstream
