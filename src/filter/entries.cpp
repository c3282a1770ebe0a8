// Reading lists, networks, names and path text of rules.
#include "filter/entries.h"

#include <algorithm>
#include <array>

#include "base/ascii.h"
#include "filter/path_text.h"
#include "http/semantics.h"
#include "http/target.h"

namespace fairlead::filter {
namespace {

std::string didYouMean(std::string_view text) {
  return "did you mean `" + std::string(text) + "`?";
}

// Is this the name of a placeholder of the language, `{name}` or `{group.name}`?
bool isPlaceholder(std::string_view name) {
  static constexpr std::array<std::string_view, 19> kNames{
      "client_ip", "peer_ip", "host",   "path",     "query",      "uri",     "method",
      "scheme",    "port",    "pool",   "server",   "request_id", "country", "route",
      "status",    "time",    "client", "protocol", "asn"};
  static constexpr std::array<std::string_view, 6> kGroups{"capture", "header", "param",
                                                           "cookie",  "tls",    "env"};
  const size_t dot = name.find('.');
  if (dot == std::string_view::npos) return std::ranges::find(kNames, name) != kNames.end();
  return std::ranges::find(kGroups, name.substr(0, dot)) != kGroups.end();
}

}  // namespace

std::vector<const Value*> readEntries(const Value& list, Diagnostics& out) {
  std::vector<const Value*> entries;
  if (list.isScalar()) {
    entries.push_back(&list);
  } else if (list.isList()) {
    for (const Value& item : list.items) entries.push_back(&item);
  } else {
    out.error(list.mark, "this is not a list").expected = "a value or a list of values";
  }
  return entries;
}

std::optional<Cidr> readNetwork(std::string_view text, Mark mark, Diagnostics& out) {
  Cidr::ParseFailure why;
  const auto cidr = Cidr::parse(text, &why);
  if (cidr) return cidr;
  Diagnostic& finding = out.error(mark, why.message);
  finding.expected = "an address or a network, such as 10.0.0.1, 10.0.0.0/8 or \"2001:db8::/32\"";
  if (!why.suggestion.empty()) finding.suggestion = didYouMean(why.suggestion);
  return std::nullopt;
}

std::vector<NetworkEntry> readNetworks(const Value& list, Diagnostics& out) {
  std::vector<NetworkEntry> networks;
  for (const Value* entry : readScalars(list, out))
    if (const auto cidr = readNetwork(entry->text, entry->mark, out))
      networks.push_back({*cidr, entry->mark});
  return networks;
}

bool requireMap(const Value& value, std::string_view example, Diagnostics& out) {
  if (value.isMap()) return true;
  out.error(value.mark, "this is not a mapping").expected = example;
  return false;
}

std::vector<const Value*> readNames(const Value& value, Diagnostics& out) {
  if (!value.isMap()) return readScalars(value, out);
  std::vector<const Value*> names;
  for (const Value::Entry& entry : value.entries) names.push_back(&entry.key);
  return names;
}

bool checkMethodName(const Value& method, Diagnostics& out) {
  if (!http::isToken(method.text)) {
    out.error(method.mark, "`" + method.text + "` is not a method").expected =
        "a method such as GET";
    return false;
  }
  const std::string upper = ascii::uppered(method.text);
  if (upper == method.text || http::methodOf(upper) == http::Method::Other) return true;
  out.error(method.mark, "methods are written in capitals").suggestion = didYouMean(upper);
  return false;
}

std::optional<std::string> readPathText(const Value& value, Diagnostics& out) {
  const auto text = readText(value, out);
  if (!text) return std::nullopt;
  if (const std::string_view fault = faultOfPathText(*text); !fault.empty()) {
    out.error(value.mark, std::string(fault));
    return std::nullopt;
  }
  return normalisedPathText(*text);
}

std::optional<std::string> readExactPath(const Value& value, Diagnostics& out) {
  const auto text = readPathText(value, out);
  if (!text) return std::nullopt;
  if (!text->starts_with('/')) {
    out.error(value.mark, "a path begins with `/`").suggestion = didYouMean("/" + value.text);
    return std::nullopt;
  }
  Arena arena;
  const auto canonical = http::canonicalPath(*text, arena);
  if (!canonical) {
    out.error(value.mark, std::string(canonical.error().sentence));
    return std::nullopt;
  }
  return std::string(*canonical);
}

std::optional<std::string> readPath(const Value& value, Diagnostics& out) {
  auto path = readExactPath(value, out);
  if (path && path->size() > 1 && path->ends_with('/')) path->pop_back();
  return path;
}

std::optional<std::string> readText(const Value& value, Diagnostics& out) {
  auto text = readString(value, out);
  if (!text) return std::nullopt;
  for (size_t open = text->find('{'); open != std::string::npos; open = text->find('{', open + 1)) {
    const size_t close = text->find('}', open);
    if (close == std::string::npos) break;
    const std::string name = text->substr(open + 1, close - open - 1);
    if (!isPlaceholder(name)) continue;
    out.error(value.mark, "`{" + name + "}`: placeholders are not supported by this version");
    return std::nullopt;
  }
  return text;
}

}  // namespace fairlead::filter
