// Rendering: all values are found and measured first, so that the text is written once.
#include "filter/template.h"

#include <charconv>

#include "base/short_copy.h"
#include "base/timestamp.h"
#include "http/cookies.h"
#include "http/percent.h"
#include "http/query.h"

namespace fairlead::filter {
namespace {

struct Piece {
  std::string_view text;
  size_t size;  // once written
};

std::string_view addressText(const IpAddress& address, Arena& arena) {
  char* const to = arena.allocate(IpAddress::kMaxText);
  return {to, address.format(to)};
}

std::string_view decimalText(uint16_t number, Arena& arena) {
  constexpr size_t kLongest = 5;
  char* const to = arena.allocate(kLongest);
  return {to, static_cast<size_t>(std::to_chars(to, to + kLongest, number).ptr - to)};
}

std::string_view timeText(std::chrono::microseconds time, Arena& arena) {
  char* const to = arena.allocate(kTimestampText);
  formatTimestamp(time, to);
  return {to, kTimestampText};
}

// All lines of the name as one (RFC 9110 section 5.3; for Cookie RFC 6265 section 4.2.1).
std::string_view headerValue(const http::Fields* fields, std::string_view name, Arena& arena) {
  const http::Field* const first = fields ? fields->find(name) : nullptr;
  if (!first) return {};
  const std::string_view separator = first->id() == http::FieldId::Cookie ? "; " : ", ";
  std::string_view value = first->value();
  for (const http::Field* field = first + 1; field != fields->end(); ++field)
    if (field->isNamed(first->id(), name)) value = arena.join(value, separator, field->value());
  return value;
}

std::string_view cookieValue(const http::Fields* fields, std::string_view name) {
  http::Cookie found;
  return fields && http::findCookie(*fields, name, found) ? found.unquoted() : std::string_view();
}

std::string_view paramValue(std::string_view query, std::string_view name, Arena& arena) {
  http::Param found;
  return http::findParam(query, name, found) ? http::queryDecoded(found.value(), arena)
                                             : std::string_view();
}

std::string_view captureOf(std::span<const std::string_view> captures, size_t index) {
  return index < captures.size() ? captures[index] : std::string_view();
}

}  // namespace

std::string_view Template::valueOf(const Part& part, const Scene& scene,
                                   std::span<const std::string_view> own) {
  const RequestFacts& request = scene.request;
  Arena& arena = scene.arena;
  switch (part.kind) {
    case Placeholder::Text:
      return part.text;
    case Placeholder::ClientIp:
      return addressText(scene.client.client, arena);
    case Placeholder::ClientPort:
      return decimalText(scene.client.peer_port, arena);
    case Placeholder::Scheme:
      return scene.client.scheme;
    case Placeholder::Host:
      return request.host;
    case Placeholder::Port:
      return decimalText(scene.client.listener_port, arena);
    case Placeholder::Method:
      return request.method;
    case Placeholder::Path:
      return request.path;
    case Placeholder::Query:
      return request.query;
    case Placeholder::QueryWithMark:
      return request.query.empty() ? std::string_view() : arena.join("?", request.query);
    case Placeholder::RequestId:
      return request.request_id;
    case Placeholder::Route:
      return request.route;
    case Placeholder::Pool:
      return request.pool;
    case Placeholder::Server:
      return request.server;
    case Placeholder::Header:
      return headerValue(request.fields, part.text, arena);
    case Placeholder::Cookie:
      return cookieValue(request.fields, part.text);
    case Placeholder::Param:
      return paramValue(request.query, part.text, arena);
    case Placeholder::Capture:
      return captureOf(request.captures, part.index);
    case Placeholder::OwnCapture:
      return captureOf(own, part.index);
    case Placeholder::Time:
      return timeText(request.time, arena);
    case Placeholder::Status:
      return decimalText(request.status, arena);
    case Placeholder::Reason:
      return http::reasonOf(request.status);
  }
  return {};
}

// A text of the configuration, without the `?` or `&` that makes no sense beside an empty query.
std::string_view Template::textBeside(size_t index, const Scene& scene) const {
  const Part& part = parts_[index];
  std::string_view text = part.text;
  if (!scene.request.query.empty()) return text;
  if (part.drops_last) text.remove_suffix(1);
  if (part.drops_first) text.remove_prefix(1);
  return text;
}

std::string_view Template::renderBetween(std::string_view before, std::string_view after,
                                         const Scene& scene,
                                         std::span<const std::string_view> own) const {
  const std::span<Piece> pieces = scene.arena.array<Piece>(parts_.size());
  size_t total = before.size() + after.size();
  for (size_t i = 0; i < parts_.size(); ++i) {
    const Part& part = parts_[i];
    const bool is_text = part.kind == Placeholder::Text;
    const std::string_view text = is_text ? textBeside(i, scene) : valueOf(part, scene, own);
    pieces[i] = {text, is_text ? text.size() : escapedSize(part.escape, text)};
    total += pieces[i].size;
  }
  char* const begin = scene.arena.allocate(total);
  char* to = append(begin, before);
  for (size_t i = 0; i < parts_.size(); ++i) {
    const auto& [text, size] = pieces[i];
    to = size == text.size() ? append(to, text) : writeEscaped(parts_[i].escape, text, to);
  }
  append(to, after);
  return {begin, total};
}

}  // namespace fairlead::filter
