// Talking HTTP/1.1 to a server.
#include "session/client_session.h"

#include <charconv>

#include "base/ascii.h"
#include "base/fetch_ahead.h"

namespace fairlead::session {
namespace {

std::unexpected<Failure> headFailure(FailureKind kind, Side side = Side::Upstream) {
  return std::unexpected(Failure{.kind = kind, .step = Step::ResponseHead, .side = side});
}

// The timeout parameter of a Keep-Alive field (RFC 2068 section 19.7.1.1), in whole seconds.
Duration announcedIn(const http::Fields& fields) {
  if (!fields.mayHave(http::maskOf(http::FieldId::KeepAlive))) return Duration{0};
  Duration result{0};
  ascii::forEachListElement(
      fields.valueOf(http::FieldId::KeepAlive), [&](std::string_view element) {
        constexpr std::string_view kName = "timeout=";
        if (!ascii::equalsIgnoreCase(element.substr(0, kName.size()), kName)) return;
        uint32_t seconds = 0;
        const std::string_view digits = element.substr(kName.size());
        const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), seconds);
        if (parsed.ec == std::errc()) result = std::chrono::seconds(seconds);
      });
  return result;
}

}  // namespace

ClientSession::ClientSession(io::Reactor& reactor, io::Descriptor fd, io::BufferPool& buffers,
                             const http::h1::HeadLimits& limits)
    : stream_(reactor, std::move(fd), Side::Upstream),
      window_(buffers),
      body_(stream_, window_, Side::Upstream),
      writer_(stream_),
      parser_(limits) {}

Result<bool> ClientSession::tryHead(http::ResponseHead& head) {
  if (!in_head_) {
    head.clear();
    parser_.reset();
    window_.startMessage();
    in_head_ = true;
  }
  if (window_.empty()) return false;
  answered_ = true;
  const auto status = parser_.parse(window_.unread(), head);
  if (status == http::h1::ParseStatus::Fault) return headFailure(FailureKind::Malformed);
  if (status != http::h1::ParseStatus::Complete) return false;
  in_head_ = false;
  window_.pinHead(parser_.headBytes());
  return true;
}

// A buffer is borrowed only now that there is something to put into it.
Result<void> ClientSession::receive(const Result<size_t>& waited) {
  fetchAhead(this, sizeof *this);  // while the kernel copies
  const auto got = waited ? stream_.readNow(window_.room()) : waited;
  if (got) {
    window_.received(*got);
    return {};
  }
  const FailureKind kind = got.error().kind;
  return headFailure(kind, kind == FailureKind::ClientGone ? Side::Client : Side::Upstream);
}

Task<Result<void>> ClientSession::readHead(http::ResponseHead& head, TimePoint deadline) {
  for (;;) {
    const auto complete = tryHead(head);
    if (!complete) co_return std::unexpected(complete.error());
    if (*complete) co_return Result<void>{};
    const auto received = receive(co_await stream_.waitReadable(deadline));
    if (!received) co_return received;
  }
}

Result<void> ClientSession::beginBody(const http::ResponseHead& head, http::Method request_method) {
  const auto framing = http::responseFraming(head, request_method);
  if (!framing) return headFailure(FailureKind::Malformed);
  body_.begin(*framing);
  keep_alive_ = framing->kind != http::Framing::Kind::UntilClose &&
                http::wantsKeepAlive(head.version, head.fields);
  announced_idle_ = announcedIn(head.fields);
  return {};
}

bool ClientSession::reusable() const {
  return keep_alive_ && body_.finished() && window_.empty() && stream_.quiet();
}

}  // namespace fairlead::session
