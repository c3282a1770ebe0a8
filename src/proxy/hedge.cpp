// The way of the second attempt, up to the head of its answer.
#include "proxy/hedge.h"

#include <algorithm>

namespace fairlead::proxy {

Hedge::Hedge(upstream::Upstream& upstream, upstream::Chosen second, Request request,
             io::Stream& first, const Terms& terms)
    : chosen(std::move(second)),
      upstream_(upstream),
      request_(std::move(request)),
      task_(run(first, terms)) {
  task_.start();
}

Task<void> Hedge::run(io::Stream& first, Terms terms) {
  ended_ = co_await exchange(terms);
  answered_ = ended_.has_value();
  if (answered_) first.failReadSoon(FailureKind::Overtaken);
}

Task<Result<void>> Hedge::exchange(Terms terms) {
  io::Reactor& reactor = upstream_.reactor();
  upstream::ConnectionPool& connections = upstream_.connections();
  lease = connections.takeIdle(chosen.slot(), upstream::ConnectionPool::Proof::Reactor,
                               request_.client);
  if (!lease) {
    const TimePoint by = std::min(terms.until, deadlineAfter(reactor.now(), terms.connect));
    Result<upstream::Lease> made = co_await connections.connect(chosen.slot(), by, request_.client);
    if (!made) co_return std::unexpected(made.error());
    lease = std::move(*made);
  }
  session::ClientSession& server = lease.session();
  server.startExchange();
  server.writer().begin(request_.head.all(), request_.length, request_.coding);
  const auto written = co_await server.writer().write(request_.body, true, request_.trailer_end,
                                                      terms.send, terms.until);
  if (!written) co_return written;
  sent = reactor.now();
  request_.head.giveBack();
  do {  // what comes before the final head is the first attempt's to pass on
    if (const auto read = co_await server.readHead(response, terms.until); !read) co_return read;
    if (response.status == 101)  // nobody asked for it
      co_return std::unexpected(
          Failure{FailureKind::Malformed, Step::ResponseHead, Side::Upstream, Retry::Never});
  } while (response.status < 200);
  co_return Result<void>{};
}

}  // namespace fairlead::proxy
