// Pumping bodies.
#include "proxy/relay.h"

#include <algorithm>

#include "proxy/body_copy.h"

namespace fairlead::proxy {
namespace {

// Two fast ends must not keep the worker from everybody else: a megabyte, then the others have a
// turn.
constexpr unsigned kPiecesPerTurn = 16;

// How long the client was waited for, and whether it was worth it.
class Patience {
 public:
  Patience(const RelayTerms& terms, io::Reactor& reactor) : terms_(terms), reactor_(reactor) {}

  void startWait() { wait_began_ = reactor_.now(); }
  // Octets moved in all; true when the client has been too slow for too long.
  bool isOver(uint64_t octets) {
    waited_ += reactor_.now() - wait_began_;
    if (terms_.min_rate == 0 || terms_.idle.count() <= 0 || waited_ <= terms_.idle) return false;
    const double seconds = std::chrono::duration<double>(waited_).count();
    return static_cast<double>(octets) < static_cast<double>(terms_.min_rate) * seconds;
  }
  // When a write of so many octets must be complete, even if it moves all the time.
  TimePoint writeLimit(size_t octets) const {
    if (terms_.min_rate == 0 || terms_.idle.count() <= 0) return terms_.until;
    const auto allowance = std::chrono::seconds(1 + octets / terms_.min_rate);
    return std::min(terms_.until, reactor_.now() + terms_.idle + allowance);
  }

 private:
  const RelayTerms& terms_;
  io::Reactor& reactor_;
  TimePoint wait_began_;
  Duration waited_{0};
};

std::unexpected<Failure> failed(Failure failure, const RelayTerms& terms, io::Reactor& reactor) {
  if (failure.kind == FailureKind::Timeout && reactor.now() >= terms.until)
    failure.kind = FailureKind::Deadline;
  return std::unexpected(failure);
}

std::unexpected<Failure> failedAt(Step step, Failure failure, const RelayTerms& terms,
                                  io::Reactor& reactor) {
  failure.step = step;
  return failed(failure, terms, reactor);
}

}  // namespace

std::string_view trailerEnd(const session::BodyReader& from, Arena& arena) {
  const std::string_view lines = from.trailerLines();
  return lines.empty() ? std::string_view{} : arena.join("\r\n0\r\n", lines, "\r\n");
}

Task<Result<void>> relay(session::BodyReader& from, session::BodyWriter& to, RelayTerms terms,
                         Arena& arena) {
  io::Reactor& reactor = to.stream().reactor();
  const bool judge_reading = terms.client == RelayTerms::Client::Reader;
  const Step step = judge_reading ? Step::RequestBody : Step::ResponseBody;
  Patience patience(terms, reactor);
  if (!terms.again.empty()) {
    const bool is_all = from.finished();
    const std::string_view end = is_all ? trailerEnd(from, arena) : std::string_view{};
    const auto sent = co_await to.write(terms.again, is_all, end, terms.idle, terms.until);
    if (!sent) co_return failedAt(step, sent.error(), terms, reactor);
    if (is_all) co_return Result<void>{};
  }
  for (unsigned moved = 1;; ++moved) {
    if (moved % kPiecesPerTurn == 0) co_await io::NextTurn(reactor);
    const auto piece = from.take();
    if (!piece) co_return std::unexpected(piece.error());
    if (piece->data.empty() && !piece->last && !to.headPending()) {
      patience.startWait();
      const TimePoint deadline = std::min(terms.until, deadlineAfter(reactor.now(), terms.idle));
      if (const auto got = co_await from.fill(deadline); !got)
        co_return failed(got.error(), terms, reactor);
      if (judge_reading && patience.isOver(from.octets()))
        co_return std::unexpected(Failure{FailureKind::TooSlow, step, Side::Client, Retry::Never});
      continue;
    }
    for (BodyCopy* copy : terms.copies)
      if (copy) copy->add(piece->data);
    patience.startWait();
    const std::string_view end = piece->last ? trailerEnd(from, arena) : std::string_view{};
    const TimePoint limit = judge_reading ? terms.until : patience.writeLimit(piece->data.size());
    if (const auto sent = co_await to.write(piece->data, piece->last, end, terms.idle, limit);
        !sent)
      co_return failedAt(step, sent.error(), terms, reactor);
    if (piece->last) co_return Result<void>{};
    if (!judge_reading && patience.isOver(to.bytesSent()))
      co_return std::unexpected(Failure{FailureKind::TooSlow, step, Side::Client, Retry::Never});
  }
}

}  // namespace fairlead::proxy
