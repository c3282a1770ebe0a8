// Bytes to heads: strict, resumable, vectorised, without allocation (RFC 9112 sections 2-5).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "http/h1/head_reader.h"
#include "http/message.h"
#include "http/semantics.h"

namespace fairlead::http::h1 {

// Parses one request head. Call `parse` with all bytes received since the head's first octet; when
// it needs more, call it again with a longer span that begins at the same address. It goes on where
// it stopped. Empty lines before the request line are skipped (RFC 9112 section 2.2), at most two.
// What it leaves in the head are views into the span and the arena. It fills every member of
// RequestHead, checks Host (exactly one in 1.1, none or one in 1.0; valid; an absolute target
// replaces it), and drops fields whose name has '_'.
class RequestParser {
 public:
  explicit RequestParser(const HeadLimits& limits = {}) : reader_(limits) {}

  ParseStatus parse(std::span<const char> received, RequestHead& head, Arena& arena);
  void reset();

  // After Complete: the bytes of the head, leading empty lines included.
  size_t headBytes() const { return reader_.position(); }
  // After Fault.
  const MessageFault& fault() const { return reader_.fault(); }
  // Before Complete: has anything but empty lines arrived?
  bool begun() const { return begun_; }

 private:
  ParseStatus readRequestLine(ByteIndex& index, RequestHead& head, Arena& arena);
  ParseStatus takeRequestLine(const HeadReader::Line& line, const ByteIndex& index,
                              RequestHead& head, Arena& arena);
  ParseStatus takeAuthority(RequestHead& head, Arena& arena);
  ParseStatus preferTarget(RequestHead& head, Arena& arena);

  HeadReader reader_;
  uint8_t empty_lines_ = 0;
  bool begun_ = false;
  bool has_request_line_ = false;
};

// The same for one response head; a fault is the server's (502).
class ResponseParser {
 public:
  explicit ResponseParser(const HeadLimits& limits = {}) : reader_(limits) {}

  ParseStatus parse(std::span<const char> received, ResponseHead& head);
  void reset();

  size_t headBytes() const { return reader_.position(); }
  const MessageFault& fault() const { return reader_.fault(); }

 private:
  ParseStatus readHead(ByteIndex& index, ResponseHead& head);

  HeadReader reader_;
  bool has_status_line_ = false;
};

}  // namespace fairlead::http::h1
