// Pumping bodies.
#include "proxy/relay.h"

#include <algorithm>

#include "io/fair_share.h"
#include "proxy/body_copy.h"

namespace fairlead::proxy {
namespace {

// So much of a body must be still to come before a pipe is worth its calls.
constexpr uint64_t kWorthAPipe = uint64_t{256} * 1024;

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

// What all the ways of moving a piece share.
struct Pump {
  Pump(session::BodyReader& reader, session::BodyWriter& writer, const RelayTerms& given)
      : from(reader), to(writer), terms(given) {}

  bool judgesReading() const { return terms.client == RelayTerms::Client::Reader; }
  Step step() const { return judgesReading() ? Step::RequestBody : Step::ResponseBody; }
  TimePoint readLimit() const {
    return std::min(terms.until, deadlineAfter(reactor.now(), terms.idle));
  }
  TimePoint writeLimit(size_t octets) const {
    return judgesReading() ? terms.until : patience.writeLimit(octets);
  }
  // After a wait for the client's octets, or for the client to take some.
  Result<void> judge(uint64_t octets) {
    if (!patience.isOver(octets)) return {};
    return std::unexpected(Failure{FailureKind::TooSlow, step(), Side::Client, Retry::Never});
  }
  std::unexpected<Failure> failed(Failure failure) const {
    if (failure.kind == FailureKind::Timeout && reactor.now() >= terms.until)
      failure.kind = FailureKind::Deadline;
    return std::unexpected(failure);
  }
  std::unexpected<Failure> failedToWrite(Failure failure) const {
    failure.step = step();
    return failed(failure);
  }
  // Is there much to come that may pass unseen?
  bool isWorthAPipe() const {
    return terms.pipes && from.unseen() >= kWorthAPipe && to.takesPipes() &&
           std::ranges::none_of(terms.copies, [](const BodyCopy* copy) {
             return copy && copy->state() == BodyCopy::State::Whole;
           });
  }

  session::BodyReader& from;
  session::BodyWriter& to;
  const RelayTerms& terms;
  io::Reactor& reactor = to.stream().reactor();
  Patience patience{terms, reactor};
  io::FairShare share{reactor};
};

// The others' turn. Whoever is gone after it is not read for.
Task<Result<void>> yieldTurn(const Pump& pump) {
  co_await io::NextTurn(pump.reactor);
  if (!pump.judgesReading() && pump.to.stream().broken())
    co_return pump.failedToWrite({.kind = FailureKind::ClientGone, .side = Side::Client});
  co_return Result<void>{};
}

// From socket to socket through a pipe, until nothing is to come, or the kernel cannot.
Task<Result<void>> moveByPipe(Pump& pump, io::Pipe pipe) {
  session::BodyReader& from = pump.from;
  while (const uint64_t unseen = from.unseen()) {
    if (pump.share.isUsedUp())
      if (const auto here = co_await yieldTurn(pump); !here) co_return here;
    const auto most = static_cast<size_t>(std::min<uint64_t>(unseen, io::FairShare::kOctets));
    pump.patience.startWait();
    const auto got = co_await from.fill(pipe, most, pump.readLimit());
    if (!got) co_return pump.failed(got.error());
    if (*got == 0 && !from.finished()) pump.terms.pipes->giveUp();
    if (*got == 0) co_return Result<void>{};
    if (pump.judgesReading())
      if (const auto judged = pump.judge(from.octets()); !judged) co_return judged;

    pump.share.count(*got);
    pump.patience.startWait();
    if (const auto sent = co_await pump.to.write(pipe, pump.terms.idle, pump.writeLimit(*got));
        !sent) {
      pump.to.takeBack(pipe.octets());
      co_return pump.failedToWrite(sent.error());
    }
    if (!pump.judgesReading())
      if (const auto judged = pump.judge(pump.to.bytesSent()); !judged) co_return judged;
  }
  co_return Result<void>{};
}

}  // namespace

std::string_view trailerEnd(const session::BodyReader& from, Arena& arena) {
  const std::string_view lines = from.trailerLines();
  return lines.empty() ? std::string_view{} : arena.join("\r\n0\r\n", lines, "\r\n");
}

Task<Result<void>> relay(session::BodyReader& from, session::BodyWriter& to, RelayTerms terms,
                         Arena& arena) {
  Pump pump(from, to, terms);
  if (!terms.again.empty()) {
    const bool is_all = from.finished();
    const std::string_view end = is_all ? trailerEnd(from, arena) : std::string_view{};
    const auto sent = co_await to.write(terms.again, is_all, end, terms.idle, terms.until);
    if (!sent) co_return pump.failedToWrite(sent.error());
    if (is_all) co_return Result<void>{};
  }
  for (;;) {
    if (pump.share.isUsedUp())
      if (const auto here = co_await yieldTurn(pump); !here) co_return here;
    const auto piece = from.take();
    if (!piece) co_return std::unexpected(piece.error());
    if (piece->data.empty() && !piece->last && !to.headPending()) {
      pump.patience.startWait();
      if (const auto got = co_await from.fill(pump.readLimit()); !got)
        co_return pump.failed(got.error());
      if (pump.judgesReading())
        if (const auto judged = pump.judge(from.octets()); !judged) co_return judged;
      continue;
    }
    for (BodyCopy* copy : terms.copies)
      if (copy) copy->add(piece->data);
    pump.share.count(piece->data.size());
    pump.patience.startWait();
    const std::string_view end = piece->last ? trailerEnd(from, arena) : std::string_view{};
    const TimePoint limit = pump.writeLimit(piece->data.size());
    if (const auto sent = co_await to.write(piece->data, piece->last, end, terms.idle, limit);
        !sent)
      co_return pump.failedToWrite(sent.error());
    if (piece->last) co_return Result<void>{};
    if (!pump.judgesReading())
      if (const auto judged = pump.judge(to.bytesSent()); !judged) co_return judged;
    if (!pump.isWorthAPipe()) continue;
    if (io::Pipe pipe = terms.pipes->lend())
      if (const auto moved = co_await moveByPipe(pump, std::move(pipe)); !moved) co_return moved;
  }
}

}  // namespace fairlead::proxy
