// Fuzzes what rules make of a target: it parses again and has no controls, parameters that no rule
// names survive, and a changed prefix is mapped back. The first byte chooses the rules.
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "base/glob.h"
#include "config/yaml.h"
#include "filter/location.h"
#include "filter/param_rules.h"
#include "filter/rewrite_rules.h"
#include "http/byte_class.h"
#include "http/percent.h"
#include "http/query.h"

namespace {

using namespace fairlead;
using namespace fairlead::filter;

struct RuleSet {
  const char* params;
  std::vector<std::string_view> named;  // parameters, as globs
  const char* rewrite;
};

const RuleSet kRuleSets[] = {
    {"{ remove: [utm_*, a] }", {"utm_*", "a"}, "{ strip_prefix: true }"},
    {"{ add: { a: '{query}', b: 1 } }", {"a", "b"}, "{ replace_prefix: /v2 }"},
    {"{ append: { new: '{path}' }, set_if_missing: { a: '{uri}' } }",
     {"new", "a"},
     "{ add_prefix: '/{param.a}/x' }"},
    {"{ rename: { a: b, b: a, c: new } }",
     {"a", "b", "c", "new"},
     "{ strip_prefix: /api/v1, add_prefix: /app, replace_prefix: '/{cookie.c}' }"},
    {"{ replace: { a: { regex: '([^2])', with: '{capture.1}2' }, b: { regex: '', with: x } } }",
     {"a", "b"},
     "{ replace: { v1: '', /a/: '/{param.a}/' } }"},
    {"{ replace: { a: { regex: '.*', with: '{header.x}' } }, add: { b: '{header.x}' } }",
     {"a", "b"},
     "{ regex: [{ match: '([^/]*)/', with: '/{capture.1}' }, { match: '2', with: '' }] }"},
    {"{ remove: ['*'] }", {"*"}, "{ replace_path: '{path}{query}' }"},
    {"{}", {}, "{ regex: { match: '[?&](.)', with: '{capture.1}', over: uri } }"},
    {"{}", {}, "{ regex: { match: '^/(.*)$', with: '/?{capture.1}', over: uri } }"},
    {"{}", {}, "{ regex: { match: '', with: '%25{param.a}', over: uri } }"},
    {"{}", {}, "{ host: '{param.a}:81', method: '{param.b}', strip_prefix: '{param.c}' }"},
};

struct Rules {
  ParamRules params;
  RewriteRules rewrite;
  std::vector<std::string_view> named;
};

void require(bool condition) {
  if (!condition) std::abort();
}

template <typename Kind>
void readInto(Kind& rules, const char* text) {
  Diagnostics out;
  out.files.push_back({"rules.yaml", text});
  const auto value = config::readYaml(0, [](std::string_view) { return std::nullopt; }, out);
  require(value.has_value());
  rules.read(*value, out);
  require(!out.hasErrors());
}

std::vector<Rules> readAll() {
  std::vector<Rules> all;
  for (const RuleSet& set : kRuleSets) {
    Rules& rules = all.emplace_back();
    readInto(rules.params, set.params);
    readInto(rules.rewrite, set.rewrite);
    rules.rewrite.bindTo("/api");
    rules.named = set.named;
  }
  return all;
}

// The parameters of which no rule speaks, as they stand.
std::vector<std::string> untouched(std::string_view query, const Rules& rules) {
  Arena arena;
  std::vector<std::string> kept;
  http::forEachParam(query, [&](const http::Param& param) {
    const std::string_view name = http::queryDecoded(param.name(), arena);
    bool is_named = false;
    for (const std::string_view glob : rules.named) is_named |= matchesGlob(glob, name);
    if (!is_named) kept.emplace_back(param.text);
  });
  if (kept.size() == 1 && kept[0].empty()) kept.clear();  // an empty part cannot be told from none
  return kept;
}

std::string textOf(const http::Target& target) {
  std::string text(target.path);
  if (target.has_query) text.append("?").append(target.query);
  return text;
}

void checkTarget(const http::RequestHead& head) {
  const std::string text = textOf(head.target);
  for (const char c : text) require(http::isVisibleByte(c));
  Arena arena;
  const auto parsed = http::parseTarget(text, false, head.target.path == "*", arena);
  require(parsed.has_value());
  require(parsed->path == head.target.path && parsed->query == head.target.query);
  require(parsed->has_query == head.target.has_query);
  require(http::isValidAuthority(head.fields.valueOf(http::FieldId::Host)));
  for (const char c : head.method_text) require(http::isTokenByte(c));
}

// A redirect to where the request went leads to where it came from; nothing below the prefix may
// come back as `/` below it.
void checkWayBack(const http::Target& target, const PathMapping& mapping, const std::string& came) {
  if (!mapping.prefix_changed) return;
  Arena arena;
  http::Fields fields;
  fields.add(http::Field::make(arena, http::FieldId::Location, target.path));
  mapLocations(fields, mapping, {}, arena);
  const std::string_view back = fields.valueOf(http::FieldId::Location);
  const bool stays = mapping.outer.empty() && came.starts_with("/\\");
  require(stays ? back == target.path : back == came || back == came + "/");
}

void run(const Rules& rules, std::string_view raw) {
  for (const char c : raw)
    if (!http::isVisibleByte(c)) return;
  Arena arena;
  http::RequestHead head;
  head.clear();
  head.method = http::Method::Get;
  head.method_text = "GET";
  const auto target = http::parseTarget(raw, false, true, arena);
  if (!target) return;
  head.target = *target;
  head.fields.add(http::Field::make(arena, "Host", "shop.example.com"));
  head.fields.add(http::Field::make(arena, "Cookie", "c=%2e%2e/\\"));
  head.fields.add(http::Field::make(arena, "X", "../\t\xff%0d&#"));
  const http::Fields received = head.fields;
  const ClientFacts client;
  const RequestFacts request{.method = "GET",
                             .host = "shop.example.com",
                             .path = target->path,
                             .query = target->query,
                             .fields = &received,
                             .request_id = {},
                             .route = {},
                             .pool = {},
                             .server = {}};
  const Scene scene{client, arena, nullptr, request};

  const auto before = untouched(head.target.query, rules);
  if (!rules.params.onRequest(head, scene)) return;
  require(untouched(head.target.query, rules) == before);
  checkTarget(head);
  PathMapping mapping;
  const std::string path(head.target.path);
  if (!rules.rewrite.onRequest(head, scene, mapping)) return;
  checkTarget(head);
  checkWayBack(head.target, mapping, path);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const std::vector<Rules> all = readAll();
  if (size < 2) return 0;
  run(all[data[0] % all.size()], {reinterpret_cast<const char*>(data) + 1, size - 1});
  return 0;
}
