// Probing servers and counting what comes of it.
#include "upstream/health_check.h"

#include <fmt/format.h>

#include "http/h1/serializer.h"
#include "io/stream.h"
#include "session/client_session.h"

namespace fairlead::upstream {
namespace {

using balance::Health;

std::string wordsFor(const Failure& failure) {
  switch (failure.kind) {
    case FailureKind::ConnectRefused:
      return "connection refused";
    case FailureKind::ConnectTimeout:
      return "no connection within the timeout";
    case FailureKind::Timeout:
      return "no answer within the timeout";
    case FailureKind::Closed:
    case FailureKind::Reset:
      return "connection closed without an answer";
    case FailureKind::Malformed:
      return "the answer is not valid HTTP";
    default:
      return "connection failed";
  }
}

std::string requestFor(const HealthSettings& settings, const balance::Endpoint& endpoint) {
  const std::string& host = settings.host.value.empty() ? endpoint.address : settings.host.value;
  return fmt::format(
      "{} {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: fairlead-health\r\nConnection: close\r\n\r\n",
      settings.method.value, settings.path.value, host);
}

bool isWell(uint16_t status) { return status >= 200 && status < 400; }

}  // namespace

Health HealthCounter::onResult(bool passed) {
  const Health seen = passed ? Health::Up : Health::Down;
  if (state_ == Health::Unknown) {
    state_ = seen;
  } else if (seen == state_) {
    in_a_row_ = 0;
  } else if (++in_a_row_ >= (passed ? rise_ : fall_)) {
    state_ = seen;
    in_a_row_ = 0;
  }
  return state_;
}

HealthChecker::HealthChecker(io::Reactor& reactor, io::BufferPool& buffers, Random& random,
                             OnChange on_change)
    : reactor_(reactor), buffers_(buffers), random_(random), on_change_(std::move(on_change)) {}

void HealthChecker::add(const Pool& pool) {
  for (balance::Endpoint* endpoint : pool.endpoints) {
    if (!pool.checked()) {
      endpoint->health.store(Health::Up, std::memory_order_relaxed);
      continue;
    }
    ++undecided_;
    checks_.spawn(checkForever(pool, *endpoint));
  }
}

Task<void> HealthChecker::checkForever(const Pool& pool, balance::Endpoint& endpoint) {
  HealthCounter counter(pool.health.fall, pool.health.rise);
  for (bool first = true;; first = false) {
    const std::string fault = co_await probe(pool, endpoint);
    const Health before = counter.state();
    const Health after = counter.onResult(fault.empty());
    if (after != before) {
      endpoint.health.store(after, std::memory_order_relaxed);
      on_change_({pool, endpoint, before, after, fault.empty() ? "the check passed" : fault});
    }
    if (first) --undecided_;
    co_await io::Sleep(reactor_, nextPause(pool.health));
  }
}

Duration HealthChecker::nextPause(const HealthSettings& settings) {
  const double jitter = 0.8 + 0.4 * random_.unit();
  return Duration(
      static_cast<Duration::rep>(static_cast<double>(settings.every.value.count()) * jitter));
}

Task<std::string> HealthChecker::probe(const Pool& pool, balance::Endpoint& endpoint) {
  const HealthSettings& settings = pool.health;
  const TimePoint deadline = deadlineAfter(reactor_.now(), settings.timeout);
  std::string fault = fmt::format("the name {} does not resolve", endpoint.host);
  const std::vector<SocketAddress> addresses = endpoint.addresses.get();
  const size_t count = addresses.size();
  const size_t preferred = endpoint.preferred_address.load(std::memory_order_relaxed);
  for (size_t i = 0; i < count; ++i) {
    const size_t at = (preferred + i) % count;
    SocketAddress address = addresses[at];
    if (settings.port != 0) address.port = static_cast<uint16_t>(settings.port.value);
    fault = co_await probeAddress(settings, endpoint, address, deadline);
    if (fault.empty()) {
      if (at != preferred)
        endpoint.preferred_address.store(static_cast<uint32_t>(at), std::memory_order_relaxed);
      break;
    }
  }
  co_return fault;
}

Task<std::string> HealthChecker::probeAddress(const HealthSettings& settings,
                                              const balance::Endpoint& endpoint,
                                              SocketAddress address, TimePoint deadline) {
  Result<io::Descriptor> fd = io::startConnect(address);
  if (!fd) co_return wordsFor(fd.error());
  session::ClientSession session(reactor_, std::move(*fd), buffers_, http::h1::HeadLimits{});
  if (!session.stream().ok()) co_return std::string("out of file descriptors");
  if (!co_await session.stream().waitConnected(deadline))
    co_return std::string("no connection within the timeout");
  if (const auto connected = session.stream().connectResult(); !connected)
    co_return wordsFor(connected.error());
  if (settings.path.value.empty()) {
    session.stream().resetOnClose();  // leaves nothing in TIME_WAIT here or there: probes are many
    co_return std::string();
  }

  const std::string request = requestFor(settings, endpoint);
  session.startExchange();
  if (const auto sent =
          co_await session.stream().write(std::string_view(request), Duration{0}, deadline);
      !sent)
    co_return wordsFor(sent.error());
  auto head = std::make_unique<http::ResponseHead>();
  do {
    if (const auto read = co_await session.readHead(*head, deadline); !read)
      co_return wordsFor(read.error());
  } while (head->status < 200);
  if (!isWell(head->status))
    co_return fmt::format("{} {} answered {}", settings.method.value, settings.path.value,
                          head->status);
  co_return std::string();
}

}  // namespace fairlead::upstream
