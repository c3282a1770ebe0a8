// What would become of a request: its way through the very rules that serve traffic, with nothing
// sent. `fairlead explain` prints it, and the tests of a configuration judge it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/settings.h"
#include "proxy/decide.h"
#include "worker/snapshot.h"

namespace fairlead::worker {

struct RehearsedRequest {
  std::string method = "GET";
  std::string url;  // "http://host/path?query", or a path alone
  std::vector<std::pair<std::string, std::string>> fields;
  IpAddress from;  // the peer
};

// One rule that did something, and what it did: lines of the head that went and lines that came.
struct RehearsedStep {
  std::string rule;
  Mark where;
  std::vector<std::string> before;
  std::vector<std::string> after;
};

class Rehearsal {
 public:
  // The snapshot must outlive the rehearsal.
  Rehearsal(const Snapshot& snapshot, const RehearsedRequest& request);
  ~Rehearsal();

  // The head was refused by the parser, before any rule: nothing else is known then.
  const http::MessageFault* fault() const { return fault_ ? &*fault_ : nullptr; }

  const filter::ClientFacts& client() const;
  const http::RequestHead& received() const;  // as parsed
  const http::RequestHead& sent() const;      // as the server would get it
  const proxy::Decision& decision() const;
  const std::vector<RehearsedStep>& steps() const { return steps_; }
  const route::RouteMatch& match() const { return match_; }
  const std::vector<route::TraceLine>& considered() const { return considered_; }

  // The pool that the request goes to, or nullptr.
  const upstream::Pool* pool() const;
  // The server, where only one can be chosen.
  const upstream::Server* onlyServer() const;
  // Path and query as the server would get them.
  std::string upstreamTarget() const;
  // The Host field that the server would get; in words, where that is the address of whichever
  // server is chosen.
  std::string sentHost() const;
  // fairlead's own answer; or what rules set on a server's response, with no status.
  const http::ResponseHead& response() const;
  std::string_view body() const;

 private:
  struct Memory;
  void decide();
  void explainRoute();
  void completeRequest();
  void composeResponse();
  filter::Scene scene();

  const Snapshot& snapshot_;
  std::unique_ptr<Memory> memory_;
  std::optional<http::MessageFault> fault_;
  std::vector<RehearsedStep> steps_;
  std::vector<route::TraceLine> considered_;
  route::RouteMatch match_;
};

}  // namespace fairlead::worker
