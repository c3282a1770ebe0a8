// Reading the settings of `respond`, and making the answer.
#include "filter/respond.h"

#include "base/ascii.h"
#include "filter/field_names.h"
#include "http/semantics.h"

namespace fairlead::filter {
namespace {

using http::FieldId;

constexpr Key kKeys[] = {
    {"status", "200..599", "200", "the status of the answer"},
    {"headers", "{text}", "", "header fields of the answer; placeholders have values"},
};
constexpr const Section* kAlso[] = {&kPageKeys};

// Nobody has chosen a pool, and nobody will.
constexpr Allowed kAllowed{.server = false, .pool = false};

constexpr size_t kMostHeaders = 100;

bool hasNoBody(uint16_t status) { return status == 204 || status == 205 || status == 304; }

bool checkName(const Value& name, Diagnostics& out) {
  if (!checkFieldName(name, out)) return false;
  const FieldId id = http::fieldIdOf(name.text);
  if (id == FieldId::ContentType) {
    out.error(name.mark, "`" + name.text + "` stands beside `headers`").suggestion =
        "did you mean `content_type`?";
    return false;
  }
  if (id == FieldId::Date) {
    out.error(name.mark, "`" + name.text + "` is the time at which fairlead answers");
    return false;
  }
  return true;
}

}  // namespace

const Section kRespondKeys{"respond", "respond", kKeys, kAlso};

void Respond::read(const Value& value, Diagnostics& out) {
  mark_ = value.mark;
  if (value.isScalar()) return readStatus(value, out);
  Settings settings(value, kRespondKeys, out);
  if (const Value* status = settings.take("status")) readStatus(*status, out);
  page_.read(settings, {.allowed = kAllowed, .fills_files = false});
  if (const Value* headers = settings.take("headers")) readHeaders(*headers, out);
  settings.finish();
  if (page_.hasBody() && hasNoBody(status_))
    out.error(page_.mark(), "an answer " + std::to_string(status_) + " has no body");
}

void Respond::readStatus(const Value& value, Diagnostics& out) {
  const auto status = readCount(value, 200, 599, out);
  if (!status) return;
  status_ = static_cast<uint16_t>(*status);
  status_mark_ = value.mark;
}

void Respond::readHeaders(const Value& value, Diagnostics& out) {
  if (!value.isMap()) {
    out.error(value.mark, "this is not a mapping").expected =
        "names and values: { Cache-Control: no-store }";
    return;
  }
  if (value.entries.size() > kMostHeaders)
    out.error(value.mark, "there are more than 100 header fields");
  for (const Value::Entry& entry : value.entries) readHeader(entry, out);
}

void Respond::readHeader(const Value::Entry& entry, Diagnostics& out) {
  if (!checkName(entry.key, out)) return;
  const auto text = readString(entry.value, out);
  if (!text) return;
  const std::string_view trimmed = ascii::trim(*text);
  if (!trimmed.empty() && !http::isFieldValue(trimmed)) {
    out.error(entry.value.mark, "a header value cannot hold line breaks or control characters");
    return;
  }
  if (entry.key.text.size() + trimmed.size() > ReadyLine::kLongest) {
    out.error(entry.value.mark, "this header field is longer than 8 KiB");
    return;
  }
  auto value = Template::parse(trimmed, entry.value.mark, Place::Field, out, kAllowed);
  if (!value) return;
  Header header{entry.key.text, *std::move(value), {}, entry.value.mark};
  if (header.value.isConstant()) header.line = ReadyLine(header.name, header.value.constant());
  headers_.push_back(std::move(header));
}

Answer Respond::answer(const Scene& scene) const {
  const std::span<http::Field> fields = scene.arena.array<http::Field>(headers_.size());
  size_t count = 0;
  for (const Header& header : headers_) {
    if (!header.line.empty()) {
      fields[count++] = header.line.field();
      continue;
    }
    const std::string_view value = ascii::trim(header.value.render(scene));
    // What clients make longer than any field may be is left out.
    if (const auto field = http::Field::tryMake(scene.arena, header.name, value))
      fields[count++] = *field;
  }
  Answer answer;
  answer.status = status_;
  answer.body = page_.render(scene);
  answer.content_type = page_.contentType();
  answer.fields = fields.first(count);
  answer.rule = "respond";
  answer.origin = mark_;
  return answer;
}

Needs Respond::needs() const {
  Needs needs = page_.needs();
  for (const Header& header : headers_) needs |= header.value.needs();
  return needs;
}

int Respond::highestCapture() const {
  int highest = page_.highestCapture();
  for (const Header& header : headers_) highest = std::max(highest, header.value.highestCapture());
  return highest;
}

Value Respond::show() const {
  Value shown = Value::map(mark_);
  shown.put("status", Value::scalar(std::to_string(status_), status_mark_));
  page_.showInto(shown);
  if (headers_.empty()) return shown;
  Value& headers = shown.put("headers", Value::map(headers_.front().mark));
  for (const Header& header : headers_)
    headers.put(header.name, Value::scalar(header.value.source(), header.mark));
  return shown;
}

}  // namespace fairlead::filter
