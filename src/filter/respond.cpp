// Reading the settings of `respond`.
#include "filter/respond.h"

#include "filter/entries.h"
#include "http/semantics.h"

namespace fairlead::filter {
namespace {

constexpr Key kKeys[] = {
    {"status", "200..599", "200", "the status of the answer"},
    {"body", "text", "", "without it: the standard sentence of the status"},
    {"content_type", "text", "text/plain", "the media type of the body"},
    {"headers", "later", "", ""},
    {"file", "later", "", ""},
};

void readStatus(const Value& value, uint16_t& into, Diagnostics& out) {
  if (const auto status = readCount(value, 200, 599, out)) into = static_cast<uint16_t>(*status);
}

void readContentType(const Value& value, std::string& into, Diagnostics& out) {
  const auto text = readText(value, out);
  if (!text) return;
  if (!http::isFieldValue(*text) || text->find('/') == std::string::npos)
    out.error(value.mark, "`" + *text + "` is not a media type").expected =
        "a type such as text/plain or application/json";
  else
    into = *text;
}

}  // namespace

const Section kRespondKeys{"respond", "respond", kKeys};

void Respond::read(const Value& value, Diagnostics& out) {
  mark = value.mark;
  if (value.isScalar()) {
    readStatus(value, status, out);
    return;
  }
  Settings settings(value, kRespondKeys, out);
  if (const Value* given = settings.take("status")) readStatus(*given, status, out);
  if (const Value* given = settings.take("content_type"))
    readContentType(*given, content_type, out);
  if (const Value* given = settings.take("body")) {
    if (auto text = readText(*given, out)) body = std::move(*text);
    if (!body.empty() && (status == 204 || status == 205 || status == 304))
      out.error(given->mark, "an answer " + std::to_string(status) + " has no body");
  }
  settings.finish();
}

Answer Respond::answer() const {
  Answer answer;
  answer.status = status;
  answer.body = body;
  answer.content_type = content_type;
  answer.rule = "respond";
  answer.origin = mark;
  return answer;
}

}  // namespace fairlead::filter
