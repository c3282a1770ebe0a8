// Each test names one request, in short (`get: URL`) or at length (`request: { ... }`).
#include "config/test_reader.h"

#include <fmt/format.h>

#include <array>

#include "base/ascii.h"
#include "http/semantics.h"

namespace fairlead::config {
namespace {

constexpr Key kTest[] = {
    {"get", "url", "", "the request: GET of this URL, `http://host/path?query`"},
    {"head", "url", "", "the same with HEAD"},
    {"post", "url", "", "the same with POST"},
    {"put", "url", "", "the same with PUT"},
    {"patch", "url", "", "the same with PATCH"},
    {"delete", "url", "", "the same with DELETE"},
    {"options", "url", "", "the same with OPTIONS"},
    {"request", "<test_request>", "", "the request at length"},
    {"from", "address", "127.0.0.1", "the client's address"},
    {"status", "200..599", "", "expected: an answer of fairlead's own with this status"},
    {"pool", "pool_name", "", "expected: the request goes to this pool"},
    {"server", "text", "", "expected: it goes to this server, the only one that can be chosen"},
    {"upstream", "text", "", "expected: path and query as the server gets them"},
    {"headers", "{text | 'off'}", "", "expected: fields as the server gets them; `off`: absent"},
    {"response_headers", "{text | 'off'}", "",
     "expected: fields that fairlead sets on the response; `off`: absent"},
    {"redirect", "location", "", "expected: an answer with this Location"},
};

constexpr Key kTestRequest[] = {
    {"method", "method", "GET", "the method"},
    {"url", "url", "", "`http://host/path?query`"},
    {"headers", "{text}", "", "fields of the request"},
    {"from", "address", "127.0.0.1", "the client's address"},
};

constexpr std::array<std::string_view, 7> kShort{"get",   "head",   "post",   "put",
                                                 "patch", "delete", "options"};

class TestReader {
 public:
  TestReader(const Value& item, Diagnostics& out) : item_(item), out_(out) {
    test_.mark = item.mark;
    test_.from = *IpAddress::parse("127.0.0.1");
  }

  std::optional<RouteTest> read() {
    Settings settings(item_, kTestKeys, out_);
    if (!item_.isMap()) return std::nullopt;
    readRequest(settings);
    readFrom(settings.take("from"));
    if (const Value* status = settings.take("status")) {
      if (const auto number = readCount(*status, 200, 599, out_))
        test_.status = Setting<uint16_t>(static_cast<uint16_t>(*number), status->mark);
      ++expectations_;
    }
    expectText(settings, "pool", test_.pool);
    expectText(settings, "server", test_.server);
    expectText(settings, "upstream", test_.upstream);
    expectText(settings, "redirect", test_.redirect);
    expectFields(settings.take("headers"), test_.headers);
    expectFields(settings.take("response_headers"), test_.response_headers);
    settings.finish();
    if (test_.url.empty()) return std::nullopt;
    if (expectations_ > 0) return std::move(test_);
    out_.error(item_.mark, "this test expects nothing").expected =
        "one or more of status, pool, server, upstream, headers, response_headers, redirect";
    return std::nullopt;
  }

 private:
  void readRequest(Settings& settings) {
    size_t requests = 0;
    for (const std::string_view word : kShort) {
      const Value* url = settings.take(word);
      if (url == nullptr) continue;
      ++requests;
      test_.method = ascii::uppered(word);
      readUrl(*url);
    }
    if (const Value* request = settings.take("request")) {
      ++requests;
      readLongRequest(*request);
    }
    if (requests == 1) return;
    test_.url.clear();
    out_.error(item_.mark,
               requests == 0 ? "this test has no request" : "this test has several requests")
        .expected = "one of get, head, post, put, patch, delete, options or request";
  }

  void readLongRequest(const Value& value) {
    Settings settings(value, kTestRequestKeys, out_);
    if (const Value* method = settings.take("method")) {
      if (http::isToken(method->text))
        test_.method = method->text;
      else
        out_.error(method->mark, fmt::format("`{}` is not a method", method->text));
    }
    if (const Value* url = settings.take("url"))
      readUrl(*url);
    else if (value.isMap() && !value.find("url"))
      out_.error(value.mark, "this request has no URL").expected = "url: http://host/path";
    if (const Value* fields = settings.take("headers")) readFields(*fields);
    readFrom(settings.take("from"));
    settings.finish();
  }

  void readUrl(const Value& value) {
    const auto url = readString(value, out_);
    if (!url) return;
    const bool has_scheme = url->starts_with("http://") || url->starts_with("https://");
    const bool is_printable = std::ranges::all_of(
        *url, [](char c) { return static_cast<uint8_t>(c) > ' ' && c != '\x7f'; });
    if (is_printable && (has_scheme || url->starts_with('/'))) {
      test_.url = *url;
      return;
    }
    Diagnostic& finding = out_.error(value.mark, fmt::format("`{}` is not a URL", *url));
    finding.expected = "http://host/path?query, or a path";
    if (is_printable && !url->empty() && url->find("://") == std::string::npos)
      finding.suggestion = fmt::format("did you mean `http://{}`?", *url);
  }

  void readFrom(const Value* value) {
    if (value == nullptr) return;
    if (const auto address = IpAddress::parse(value->text))
      test_.from = *address;
    else
      out_.error(value->mark, fmt::format("`{}` is not an address", value->text)).expected =
          "an IPv4 or IPv6 address, such as 203.0.113.7";
  }

  void readFields(const Value& value) {
    if (!value.isMap()) {
      out_.error(value.mark, "this is not a mapping").expected = "names and values of fields";
      return;
    }
    for (const Value::Entry& entry : value.entries) {
      const auto text = readString(entry.value, out_);
      if (!text) continue;
      if (!http::isToken(entry.key.text))
        out_.error(entry.key.mark,
                   fmt::format("`{}` is not the name of a header field", entry.key.text));
      else if (!text->empty() && !http::isFieldValue(*text))
        out_.error(entry.value.mark, "a header value cannot hold line breaks or controls");
      else
        test_.fields.emplace_back(entry.key.text, *text);
    }
  }

  void expectText(Settings& settings, std::string_view key,
                  std::optional<Setting<std::string>>& into) {
    const Value* value = settings.take(key);
    if (value == nullptr) return;
    ++expectations_;
    if (auto text = readString(*value, out_)) into = Setting<std::string>(*text, value->mark);
  }

  void expectFields(const Value* value, std::vector<RouteTest::Field>& into) {
    if (value == nullptr) return;
    ++expectations_;
    if (!value->isMap()) {
      out_.error(value->mark, "this is not a mapping").expected =
          "names and values of fields; `off` for one that must be absent";
      return;
    }
    for (const Value::Entry& entry : value->entries) {
      if (!readString(entry.value, out_)) continue;
      RouteTest::Field field{.name = entry.key.text, .value = std::nullopt, .mark = entry.key.mark};
      if (!entry.value.isOff()) field.value = entry.value.text;
      into.push_back(std::move(field));
    }
  }

  const Value& item_;
  Diagnostics& out_;
  RouteTest test_;
  size_t expectations_ = 0;
};

}  // namespace

const Section kTestKeys{"test", "a test", kTest};
const Section kTestRequestKeys{"test_request", "a request", kTestRequest};

namespace {

Value textAt(const std::string& text, Mark mark) {
  Value value = Value::scalar(text, mark);
  value.quoted = true;
  return value;
}

void putFields(Value& shown, const char* key, const std::vector<RouteTest::Field>& fields) {
  if (fields.empty()) return;
  Value& under = shown.put(key, Value::map());
  for (const RouteTest::Field& field : fields)
    under.put(field.name,
              field.value ? textAt(*field.value, field.mark) : Value::scalar("off", field.mark));
}

}  // namespace

Value shownTest(const RouteTest& test) {
  Value shown = Value::map(test.mark);
  Value& request = shown.put("request", Value::map(test.mark));
  request.put("method", textAt(test.method, test.mark));
  request.put("url", textAt(test.url, test.mark));
  request.put("from", textAt(test.from.text(), test.mark));
  if (!test.fields.empty()) {
    Value& fields = request.put("headers", Value::map(test.mark));
    for (const auto& [name, text] : test.fields) fields.put(name, textAt(text, test.mark));
  }
  if (test.status)
    shown.put("status", Value::scalar(std::to_string(test.status->value), test.status->origin));
  const auto put = [&](const char* key, const std::optional<Setting<std::string>>& expected) {
    if (expected) shown.put(key, textAt(expected->value, expected->origin));
  };
  put("pool", test.pool);
  put("server", test.server);
  put("upstream", test.upstream);
  put("redirect", test.redirect);
  putFields(shown, "headers", test.headers);
  putFields(shown, "response_headers", test.response_headers);
  return shown;
}

void readTests(const Value& value, std::vector<RouteTest>& into, Diagnostics& out) {
  if (!value.isList()) {
    out.error(value.mark, "`tests` is not a list").expected = "a list, whose items begin with `- `";
    return;
  }
  for (const Value& item : value.items)
    if (auto test = TestReader(item, out).read()) into.push_back(*std::move(test));
}

}  // namespace fairlead::config
