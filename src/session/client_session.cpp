// Talking HTTP/1.1 to a server.
#include "session/client_session.h"

#include <charconv>

#include "base/ascii.h"

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

Task<Result<void>> ClientSession::readHead(http::ResponseHead& head, TimePoint deadline) {
  if (!in_head_) {
    head.clear();
    parser_.reset();
    window_.startMessage();
    in_head_ = true;
  }
  for (;;) {
    if (!window_.empty()) {
      answered_ = true;
      const auto status = parser_.parse(window_.unread(), head);
      if (status == http::h1::ParseStatus::Complete) break;
      if (status == http::h1::ParseStatus::Fault) co_return headFailure(FailureKind::Malformed);
    }
    // A buffer is borrowed only when there is something to put into it.
    auto got = co_await stream_.waitReadable(deadline);
    if (got) got = co_await stream_.read(window_.room(), deadline);
    if (!got) {
      const Side side = got.error().kind == FailureKind::ClientGone ? Side::Client : Side::Upstream;
      co_return headFailure(got.error().kind, side);
    }
    window_.received(*got);
  }
  in_head_ = false;
  window_.pinHead(parser_.headBytes());
  co_return Result<void>{};
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
