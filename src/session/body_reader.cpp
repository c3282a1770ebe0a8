// Taking the framing off bodies (RFC 9112 section 6.3).
#include "session/body_reader.h"

#include <algorithm>

namespace fairlead::session {

using http::Framing;

void BodyReader::begin(Framing framing, uint64_t limit) {
  framing_ = framing;
  limit_ = limit;
  left_ = framing.kind == Framing::Kind::Length ? framing.length : 0;
  octets_ = 0;
  finished_ =
      framing.kind == Framing::Kind::None || (framing.kind == Framing::Kind::Length && left_ == 0);
  filled_ = false;
  ended_ = false;
  if (framing.kind == Framing::Kind::Chunked) decoder_.reset();
}

Failure BodyReader::failure(FailureKind kind) const {
  return {.kind = kind,
          .step = side_ == Side::Client ? Step::RequestBody : Step::ResponseBody,
          .side = side_};
}

Result<BodyReader::Piece> BodyReader::take() {
  if (finished_) return Piece{.data = {}, .last = true};
  if (framing_.kind == Framing::Kind::Chunked) return takeChunked();
  return takeLength();
}

Result<BodyReader::Piece> BodyReader::takeLength() {
  const bool until_close = framing_.kind == Framing::Kind::UntilClose;
  const std::span<char> unread = window_.unread();
  const size_t size =
      until_close ? unread.size() : static_cast<size_t>(std::min<uint64_t>(unread.size(), left_));
  if (octets_ + size > limit_) return std::unexpected(failure(FailureKind::TooLarge));
  window_.consume(size);
  octets_ += size;
  if (!until_close) left_ -= size;
  finished_ = until_close ? ended_ : left_ == 0;
  return Piece{.data = {unread.data(), size}, .last = finished_};
}

Result<BodyReader::Piece> BodyReader::takeChunked() {
  const std::span<char> unread = window_.unread();
  if (unread.empty()) return Piece{};
  const auto step = decoder_.decode(unread.data(), unread.size());
  if (step.status == http::h1::ChunkedDecoder::Status::Fault)
    return std::unexpected(failure(FailureKind::Malformed));
  if (octets_ + step.produced > limit_) return std::unexpected(failure(FailureKind::TooLarge));
  window_.consume(step.consumed);
  octets_ += step.produced;
  finished_ = step.status == http::h1::ChunkedDecoder::Status::Done;
  return Piece{.data = {unread.data(), step.produced}, .last = finished_};
}

uint64_t BodyReader::unseen() const {
  using enum Framing::Kind;
  if (finished_ || !window_.empty()) return 0;
  if (framing_.kind == Length) return framing_.length <= limit_ ? left_ : 0;
  return framing_.kind == UntilClose && limit_ == UINT64_MAX && !ended_ ? UINT64_MAX : 0;
}

Result<size_t> BodyReader::onPassed(Result<size_t> got) {
  if (got) {
    octets_ += *got;
    if (framing_.kind == Framing::Kind::Length) finished_ = (left_ -= *got) == 0;
    if (finished_) receiveWhatFollows();
    return got;
  }
  const Result<void> ended = onFilled(std::move(got));
  if (!ended) return std::unexpected(ended.error());
  return 0;
}

// A pipe takes no more than it may, which leaves open whether the socket is empty now; only of one
// that is, the stream knows that it is quiet.
void BodyReader::receiveWhatFollows() {
  if (!stream_.maybeReadable()) return;
  const Result<size_t> got = stream_.readNow(window_.room());
  if (got) window_.received(*got);
}

std::string_view BodyReader::trailerLines() const {
  if (framing_.kind != Framing::Kind::Chunked || !finished_) return {};
  return decoder_.trailerLines();
}

void BodyReader::rewind() {
  window_.rewind();
  begin(framing_, limit_);
}

Result<void> BodyReader::onFilled(Result<size_t> got) {
  if (got) {
    window_.received(*got);
    return {};
  }
  if (got.error().kind == FailureKind::Closed && framing_.kind == Framing::Kind::UntilClose) {
    ended_ = true;
    finished_ = window_.empty();
    return {};
  }
  return std::unexpected(failure(got.error().kind));
}

}  // namespace fairlead::session
