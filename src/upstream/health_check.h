// One active health check: what is asked of a server, what answer is good, and asking it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "http/message.h"
#include "io/buffer_pool.h"
#include "io/reactor.h"
#include "session/client_session.h"
#include "task/task.h"
#include "upstream/server.h"
#include "upstream/settings.h"
#include "upstream/status.h"

namespace re2 {
class RE2;
}

namespace fairlead::upstream {

// The check of a pool's servers, its patterns compiled. Pure.
class HealthCheck {
 public:
  // The settings outlive it; their patterns are known to compile. `greeting`: what the pool's
  // connections begin with.
  explicit HealthCheck(const HealthSettings& settings,
                       SendProxyProtocol greeting = SendProxyProtocol::Off);
  HealthCheck(const HealthCheck&) = delete;
  HealthCheck& operator=(const HealthCheck&) = delete;
  ~HealthCheck();

  const HealthSettings& settings() const { return settings_; }
  // Else connecting is enough.
  bool isHttp() const { return !settings_.path.value.empty(); }
  // The PROXY header that it begins with. On a port of its own a check meets something else than
  // the requests do, and begins with none.
  SendProxyProtocol greeting() const {
    return settings_.port != 0 ? SendProxyProtocol::Off : greeting_;
  }
  // `address`: of the server, as configured.
  std::string requestTo(const std::string& address) const;

  // What is wrong with the answer, in words; empty: nothing.
  std::string faultOf(const http::ResponseHead& head) const;
  bool looksAtBody() const { return body_ != nullptr; }
  std::string faultOfBody(std::string_view body) const;

  // Of longer bodies only the beginning is looked at.
  static constexpr size_t kMostBody = size_t{64} * 1024;

 private:
  using Pattern = std::unique_ptr<const re2::RE2>;
  bool isExpected(uint16_t status) const;

  const HealthSettings& settings_;
  SendProxyProtocol greeting_;
  std::string asked_;  // "GET /healthz"
  Pattern body_;       // null: any body
  std::vector<std::pair<std::string, Pattern>> fields_;
};

// Makes checks, on one thread.
class Prober {
 public:
  Prober(io::Reactor& reactor, io::BufferPool& buffers) : reactor_(reactor), buffers_(buffers) {}

  // Both outlive the task. Tries the server's addresses in turn until one passes or the check's
  // time is over, and remembers which one did.
  Task<CheckResult> probe(const HealthCheck& check, Server& server);

 private:
  struct Question {
    const HealthCheck& check;
    const Server& server;
    SocketAddress address;
    TimePoint deadline;
  };
  Task<std::string> probeAll(const HealthCheck& check, Server& server);
  Task<std::string> probeAddress(const Question& question);
  static Task<Result<void>> greet(const Question& question, io::Stream& stream);
  Task<std::string> ask(const Question& question, session::ClientSession& session);
  Task<std::string> askForBody(const Question& question, session::ClientSession& session,
                               const http::ResponseHead& head);

  io::Reactor& reactor_;
  io::BufferPool& buffers_;
};

}  // namespace fairlead::upstream
