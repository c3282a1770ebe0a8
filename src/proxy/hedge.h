// A second attempt beside the first, for a request whose answer takes longer than most: whoever
// answers first is heard.
#pragma once

#include <memory>

#include "http/message.h"
#include "io/buffer_pool.h"
#include "task/task.h"
#include "upstream/upstream.h"

namespace fairlead::proxy {

// Sends a request that is here as a whole to one more server and awaits the head of the answer.
// Dropping it cancels it. One thread.
class Hedge {
 public:
  struct Request {
    io::Buffer head;
    size_t length = 0;  // of the head, in bytes
    session::BodyCoding coding = session::BodyCoding::None;
    std::string_view body;         // outlives the Hedge
    std::string_view trailer_end;  // as BodyWriter::write takes it; the same
    io::ConnectionEnds client{};   // that the server is told of, if the pool tells
  };
  struct Terms {
    Duration connect{0};       // zero: no limit
    Duration send{0};          // silence while the request is sent
    TimePoint until = kNever;  // of the whole attempt
  };
  // When the answer is here, the read that `first` has pending fails with Overtaken.
  Hedge(upstream::Upstream& upstream, upstream::Chosen chosen, Request request, io::Stream& first,
        const Terms& terms);

  bool done() const { return task_.done(); }
  // Waits for the end of it.
  auto join() { return task_.join(); }
  // A final response head is here.
  bool answered() const { return answered_; }
  Result<void> ended() const { return ended_; }

  // After `answered`: what goes on with the exchange.
  upstream::Chosen chosen;
  upstream::Lease lease;
  http::ResponseHead response;
  TimePoint sent{};

 private:
  Task<void> run(io::Stream& first, Terms terms);
  Task<Result<void>> exchange(Terms terms);

  upstream::Upstream& upstream_;
  Request request_;
  bool answered_ = false;
  Result<void> ended_;
  Task<void> task_;  // declared last: it uses what stands above
};

}  // namespace fairlead::proxy
