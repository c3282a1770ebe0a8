// Reading `health`: the checks themselves, and what they send.
#include "upstream/health_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/bounded.h"
#include "http/fields.h"
#include "http/semantics.h"
#include "upstream/named_fields.h"

namespace fairlead::upstream {
namespace {

constexpr Key kHealth[] = {
    {"path", "path", "", "what is asked for; without it: a TCP connect"},
    {"method", "'GET' | 'HEAD' | 'OPTIONS'", "GET", "the method of the check"},
    {"host", "host", "", "the Host that is sent; without it: the server's address"},
    {"every", "duration", "2s", "the pause between two checks, plus or minus 20 %"},
    {"timeout", "duration", "1s", "a check that takes longer has failed"},
    {"fall", "1..1000", "3", "failures in a row that take a server out"},
    {"rise", "1..1000", "2", "successes in a row that bring it back"},
    {"port", "1..65535", "", "where checks connect to; without it: the server's port"},
    {"expect", "<health_expect>", "", "what the answer to a check must be like"},
    {"headers", "{text | 'off'}", "", "fields that are sent with the check"},
    {"passive", "'off' | <passive>", "", "what becomes of requests can take a server out as well"},
    {"tls", "later", "", ""},
    {"grpc", "later", "", ""},
};

constexpr std::array<std::string_view, 3> kMethods{"GET", "HEAD", "OPTIONS"};

void readCheckPath(const Value& value, Setting<std::string>& into, Diagnostics& out) {
  const auto path = readString(value, out);
  into.origin = value.mark;
  if (!path) return;
  const bool is_printable =
      std::all_of(path->begin(), path->end(), [](char c) { return c > ' ' && c < '\x7f'; });
  if (path->starts_with('/') && is_printable) {
    into.value = *path;
    return;
  }
  Diagnostic& finding = out.error(value.mark, fmt::format("`{}` is not a path", *path));
  finding.expected = "a path that begins with `/`, without spaces, or `off`";
  if (is_printable && !path->empty())
    finding.suggestion = fmt::format("did you mean `/{}`?", *path);
}

void readHost(const Value* value, Setting<std::string>& into, Diagnostics& out) {
  if (value == nullptr) return;
  const auto host = readString(*value, out);
  if (!host) return;
  const bool is_host = !host->empty() && std::all_of(host->begin(), host->end(), [](char c) {
    return c > ' ' && c < '\x7f' && c != '/' && c != '@' && c != ',';
  });
  if (is_host)
    into = {*host, value->mark};
  else
    out.error(value->mark, fmt::format("`{}` is not a host", *host)).expected =
        "the value of a Host field, such as shop.example.com";
}

void readMethod(const Value* value, Setting<std::string>& into, Diagnostics& out) {
  if (value == nullptr) return;
  if (const auto word = readWord(*value, kMethods, out))
    into = {std::string(kMethods[*word]), value->mark};
}

// A field that the program sets itself: it frames the check, or has a key of its own.
bool checkSentName(const Value& name, Diagnostics& out) {
  using http::FieldId;
  constexpr uint64_t kOwn = http::maskOf(
      FieldId::Connection, FieldId::ContentLength, FieldId::Expect, FieldId::KeepAlive, FieldId::Te,
      FieldId::Trailer, FieldId::TransferEncoding, FieldId::Upgrade, FieldId::ProxyConnection);
  if (!checkFieldName(name, out)) return false;
  const FieldId id = http::fieldIdOf(name.text);
  const bool is_host = id == FieldId::Host;
  if (!is_host && (http::maskOf(id) & kOwn) == 0) return true;
  out.error(name.mark, fmt::format("`{}` cannot be set here", name.text)).expected =
      is_host ? "`host: shop.example.com` beside `headers`"
              : "other fields: fairlead frames the check itself, and its Host is `host`";
  return false;
}

void readSentValue(const Value& value, Setting<std::string>& into, Diagnostics& out) {
  auto text = readString(value, out);
  if (!text) return;
  if (http::isFieldValue(*text))
    into = {*std::move(text), value.mark};
  else
    out.error(value.mark, "this cannot stand in a header field").expected =
        "text without control characters, and without blanks around it";
}

}  // namespace

const Section kHealthKeys{"health", "health", kHealth};

void HealthSettings::read(const Value& value, Diagnostics& out) {
  if (value.isOff()) return switchOff(value.mark);
  if (tookPassiveAlong()) passive.on = {true, {}};
  explicit_on = true;
  on = {true, value.mark};
  if (value.isScalar()) return readCheckPath(value, path, out);
  Settings settings(value, kHealthKeys, out);
  if (const Value* given = settings.take("path")) readCheckPath(*given, path, out);
  readMethod(settings.take("method"), method, out);
  readHost(settings.take("host"), host, out);
  readSpan(settings.take("every"), 10ms, every, out);
  readSpan(settings.take("timeout"), 1ms, timeout, out);
  settings.takeCount("fall", fall, 1, 1000);
  settings.takeCount("rise", rise, 1, 1000);
  settings.takeCount("port", port, 1, 65535);
  if (const Value* given = settings.take("expect")) expect.read(*given, out);
  readHeaders(settings.take("headers"), out);
  if (const Value* given = settings.take("passive")) passive.read(*given, out);
  settings.misplaced("slow_start", "beside `health`");
  settings.finish();
}

void HealthSettings::switchOff(Mark mark) {
  if (passive.on || tookPassiveAlong()) passive.on = {false, mark};
  explicit_on = false;
  on = {false, mark};
}

NamedFields HealthSettings::namedHeaders() const {
  NamedFields fields;
  for (size_t i = 0; i < headers.size(); ++i) {
    const Mark origin = i < header_origins.size() ? header_origins[i] : Mark();
    fields.emplace_back(headers[i].first, Setting(headers[i].second, origin));
  }
  return fields;
}

void HealthSettings::readHeaders(const Value* value, Diagnostics& out) {
  NamedFields fields = namedHeaders();
  readFields(value, fields, {.checkName = checkSentName, .readText = readSentValue}, out);
  headers.clear();
  header_origins.clear();
  for (auto& [name, text] : fields) {
    headers.emplace_back(name, std::move(text.value));
    header_origins.push_back(text.origin);
  }
}

Value HealthSettings::show() const {
  if (!on) return shownOff(on.origin);
  Value shown = Value::map(on.origin);
  const auto text = [&](std::string_view key, const Setting<std::string>& given) {
    shown.put(std::string(key), Value::scalar(given, given.origin)).quoted = true;
  };
  const bool is_http = !path.value.empty();
  if (is_http) {
    text("path", path);
    text("method", method);
    if (!host.value.empty()) text("host", host);
  }
  shown.put("every", shownSpan(every));
  shown.put("timeout", shownSpan(timeout));
  shown.put("fall", shownCount(fall));
  shown.put("rise", shownCount(rise));
  if (port != 0) shown.put("port", shownCount(port));
  if (is_http) shown.put("expect", expect.show());
  if (is_http && !headers.empty()) shown.put("headers", showFields(namedHeaders()));
  shown.put("passive", passive.show());
  return shown;
}

std::vector<HealthSettings::GivenKey> HealthSettings::keysOfHttp() const {
  std::vector<GivenKey> given;
  const auto add = [&](std::string_view key, Mark mark) {
    if (!mark.isBuiltIn()) given.push_back({key, mark});
  };
  add("method", method.origin);
  add("host", host.origin);
  add("status", expect.status.origin);
  add("body", expect.body.origin);
  for (const auto& [name, pattern] : expect.fields) add("headers", pattern.origin);
  for (const Mark& origin : header_origins) add("headers", origin);
  return given;
}

}  // namespace fairlead::upstream
