// Copies of requests for a second pool: sent beside the traffic, their answers read and thrown
// away.
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "base/random.h"
#include "http/h1/serializer.h"
#include "http/semantics.h"
#include "io/buffer_pool.h"
#include "io/reactor.h"
#include "proxy/body_copy.h"
#include "proxy/plan.h"
#include "task/scope.h"
#include "task/task.h"
#include "upstream/upstream.h"

namespace fairlead::proxy {

// The copies of one worker. Whatever becomes of them, the requests that they were taken from never
// notice. One thread, but for the counters; outlives the body copies, and not the upstreams.
class Mirrors {
 public:
  static constexpr size_t kMostAtOnce = 256;
  static constexpr uint64_t kMostBodyOctets = uint64_t{16} << 20;

  Mirrors(io::Reactor& reactor, io::BufferPool& buffers, Random& random)
      : reactor_(reactor), buffers_(buffers), random_(random) {}

  // Is this request to be copied? Chance decides, unless its body is known to be too large. Then
  // the result takes the body as it passes by; else it is null.
  std::unique_ptr<BodyCopy> draw(const MirrorPlan& plan, const http::Framing& framing);

  // A request that was sent to its server, the body complete. The views are not used later.
  struct Sent {
    const http::RequestHead& head;  // as it was sent
    http::h1::PathBytes path_bytes = http::h1::PathBytes::Canonical;
    http::Framing framing;  // of the body as it was sent
    std::unique_ptr<BodyCopy> body;
    io::ConnectionEnds client{};  // that the servers are told of, if the pool tells
  };
  // Sends a copy, from the next turn on. False when there will be none: the body was too large, too
  // many copies are under way, or no server of the pool is healthy.
  bool send(Sent original, upstream::Upstream& shadow);

  // Drops the copies that are under way, for example when descriptors are scarce.
  void clear() { under_way_.clear(); }
  size_t underWay() const { return under_way_.size(); }

  // Written by the worker, read by any thread. A copy is counted once, when it has ended.
  struct Counters {
    std::atomic<uint64_t> answered{0};  // its answer was read, whatever it said
    std::atomic<uint64_t> failed{0};    // there was no server, or no whole answer
    std::atomic<uint64_t> dropped{0};   // never sent: too many, or too much of them at once
  };
  const Counters& counters() const { return counters_; }

 private:
  struct Copy;

  Task<void> deliver(Copy copy);
  Task<Result<void>> exchange(const Copy& copy, upstream::Lease& lease, TimePoint until);
  Task<Result<void>> skipBody(session::BodyReader& body, Duration idle, TimePoint until);
  std::string headOf(const Sent& original);

  io::Reactor& reactor_;
  io::BufferPool& buffers_;
  Random& random_;
  Counters counters_;
  BodyRoom room_{kMostBodyOctets};
  Scope under_way_;  // declared last: it uses what stands above
};

}  // namespace fairlead::proxy
