// Rendering fairlead's own answers.
#include "proxy/error_page.h"

#include <charconv>

#include "base/ascii.h"

namespace fairlead::proxy {
namespace {

using http::FieldId;

std::string_view decimal(uint64_t number, Arena& arena) {
  char* const to = arena.allocate(20);
  const auto end = std::to_chars(to, to + 20, number);
  return {to, static_cast<size_t>(end.ptr - to)};
}

std::string_view jsonEscaped(std::string_view text, Arena& arena) {
  char* const to = arena.allocate(text.size() * 6);
  char* at = to;
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      *at++ = '\\';
      *at++ = c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      constexpr char kHex[] = "0123456789abcdef";
      for (const char u : {'\\', 'u', '0', '0', kHex[(c >> 4) & 15], kHex[c & 15]}) *at++ = u;
    } else {
      *at++ = c;
    }
  }
  return {to, static_cast<size_t>(at - to)};
}

struct Body {
  std::string_view text;
  std::string_view type;
};

Body bodyOf(const filter::Answer& answer, const http::RequestHead& request, Arena& arena) {
  if (!answer.content_type.empty()) return {answer.body, answer.content_type};
  const std::string_view sentence = answer.body.empty() ? sentenceOf(answer.status) : answer.body;
  if (answer.status >= 400 && prefersJson(request.fields)) {
    return {arena.join("{\"status\":", decimal(answer.status, arena), ",\"error\":\"",
                       jsonEscaped(sentence, arena), "\"}\n"),
            "application/json"};
  }
  return {sentence, "text/plain; charset=utf-8"};
}

// RFC 9110 sections 15.3.5, 15.3.6 and 15.4.5.
bool hasNoContent(uint16_t status) { return status == 204 || status == 205 || status == 304; }

void describeBody(const Body& body, uint16_t status, http::Fields& fields, Arena& arena) {
  using http::Field;
  // The empty body of a 205 is said as such; the other two end with their heads.
  if (status == 205) fields.add(Field::make(arena, FieldId::ContentLength, "0"));
  if (hasNoContent(status)) return;
  fields.add(Field::make(arena, FieldId::ContentType, body.type));
  fields.add(Field::make(arena, FieldId::ContentLength, decimal(body.text.size(), arena)));
}

}  // namespace

uint16_t statusOf(const Failure& failure) {
  if (failure.kind == FailureKind::ClientGone) return 499;
  if (failure.kind == FailureKind::Deadline) return 504;
  if (failure.side == Side::Client) {
    switch (failure.kind) {
      case FailureKind::Timeout:
      case FailureKind::TooSlow:
        return 408;
      case FailureKind::TooLarge:
        return 413;
      case FailureKind::Closed:
      case FailureKind::Reset:
        return 499;
      default:
        return 400;
    }
  }
  if (failure.side == Side::Upstream) {
    switch (failure.kind) {
      case FailureKind::NoServer:
      case FailureKind::BreakerOpen:
        return 503;
      case FailureKind::ConnectTimeout:
      case FailureKind::Timeout:
      case FailureKind::TooSlow:
        return 504;
      default:
        return 502;
    }
  }
  if (failure.kind == FailureKind::TooLarge) return 431;  // rules made the head too large
  return failure.kind == FailureKind::Internal ? 500 : 503;
}

std::string_view sentenceOf(uint16_t status) {
  switch (status) {
    case 400:
      return "Bad Request";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 408:
      return "The request did not arrive in time.";
    case 413:
      return "The request body is too large.";
    case 414:
      return "The request target is too long.";
    case 417:
      return "The expectation cannot be met.";
    case 431:
      return "The request head is too large.";
    case 501:
      return "Not Implemented";
    case 502:
      return "The server gave no valid answer.";
    case 503:
      return "No backend servers available.";
    case 504:
      return "The server did not answer in time.";
    default:
      return http::reasonOf(status);
  }
}

bool prefersJson(const http::Fields& fields) {
  if (!fields.mayHave(http::maskOf(FieldId::Accept))) return false;
  bool decided = false;
  bool json = false;
  ascii::forEachListElement(fields.valueOf(FieldId::Accept), [&](std::string_view range) {
    if (decided) return;
    const std::string_view type = ascii::trim(range.substr(0, range.find(';')));
    json = type == "application/json" || type.ends_with("+json");
    decided = json || type.starts_with("text/") || type == "*/*";
  });
  return json;
}

std::string_view composeAnswer(const OwnAnswer& own, const http::RequestHead& request,
                               http::ResponseHead& head, Arena& arena) {
  const uint16_t status = own.answer.status;
  const Body body = bodyOf(own.answer, request, arena);
  head.clear();
  head.status = status;
  head.reason = http::reasonOf(status);
  head.fields.add(http::Field::make(arena, FieldId::Date, own.date));
  describeBody(body, status, head.fields, arena);
  if (own.retry_after > 0)
    head.fields.add(http::Field::make(arena, FieldId::RetryAfter, decimal(own.retry_after, arena)));
  for (const http::Field& field : own.answer.fields) head.fields.add(field);
  const bool without_body = hasNoContent(status) || request.method == http::Method::Head;
  return without_body ? std::string_view{} : body.text;
}

}  // namespace fairlead::proxy
