// Checking conditions against a request, and saying which of them failed.
#include "route/conditions.h"

#include <re2/re2.h>

#include <algorithm>

#include "base/ascii.h"
#include "http/cookies.h"
#include "http/message.h"
#include "http/percent.h"
#include "http/query.h"

namespace fairlead::route {
namespace {

using Kind = ValueMatch::Kind;

// ---- The values of a name in a request: each calls `accept(value)` until one is accepted.

template <typename Accept>
bool anyField(const http::Fields* fields, http::FieldId id, std::string_view name, Accept accept) {
  if (!fields || !fields->mayHave(http::maskOf(id))) return false;
  for (const http::Field& field : *fields)
    if (field.isNamed(id, name) && accept(ascii::trim(field.value()))) return true;
  return false;
}

// Values as they stand in the query.
template <typename Accept>
bool anyParam(std::string_view query, std::string_view name, Accept accept) {
  bool accepted = false;
  http::forEachParam(query, [&](const http::Param& param) {
    accepted = accepted || (!param.text.empty() && http::equalsDecoded(param.name(), name) &&
                            accept(param.value()));
  });
  return accepted;
}

std::string decoded(std::string_view encoded) {
  std::string text;
  while (!encoded.empty()) text += http::takeQueryDecoded(encoded);
  return text;
}

// Values without surrounding quotes (RFC 6265 section 4.1.1); a pair without `=` is no cookie.
template <typename Accept>
bool anyCookie(const http::Fields* fields, std::string_view name, Accept accept) {
  return anyField(fields, http::FieldId::Cookie, {}, [&](std::string_view pairs) {
    bool accepted = false;
    http::forEachCookiePart(pairs, [&](std::string_view part) {
      if (accepted || part.find('=') == std::string_view::npos) return;
      const http::Cookie cookie = http::cookieOf(part);
      accepted = cookie.name == name && accept(cookie.unquoted());
    });
    return accepted;
  });
}

// ---- Values against what is asked of them.

bool accepts(const ValueMatch& match, std::string_view value) {
  switch (match.kind) {
    case Kind::Exact:
      return value == match.text;
    case Kind::Prefix:
      return value.starts_with(match.text);
    case Kind::Regex:
      return re2::RE2::PartialMatch(value, *match.regex);
    case Kind::Present:
    case Kind::Absent:
      break;
  }
  return true;
}

bool acceptsEncoded(const ValueMatch& match, std::string_view encoded) {
  if (encoded.find_first_of("+%") == std::string_view::npos) return accepts(match, encoded);
  switch (match.kind) {
    case Kind::Exact:
      return http::equalsDecoded(encoded, match.text);
    case Kind::Prefix:
      return http::beginsDecoded(encoded, match.text);
    case Kind::Regex:
      return accepts(match, decoded(encoded));
    case Kind::Present:
    case Kind::Absent:
      break;
  }
  return true;
}

// `any_accepted`: was a value accepted? What is absent accepts whatever there is.
bool holds(const ValueMatch& match, bool any_accepted) {
  return any_accepted != (match.kind == Kind::Absent);
}

// ---- Sentences.

std::string joined(const std::vector<std::string>& texts, std::string_view separator) {
  constexpr size_t kShown = 4;
  std::string all;
  for (size_t i = 0; i < texts.size(); ++i) {
    if (i > 0) all += separator;
    if (i == kShown && texts.size() > kShown + 1)
      return all + std::to_string(texts.size() - kShown) + " others";
    all += texts[i];
  }
  return all;
}

std::string wanted(const ValueMatch& match) {
  switch (match.kind) {
    case Kind::Exact:
      return "not `" + match.text + "`";
    case Kind::Prefix:
      return "does not begin with `" + match.text + "`";
    case Kind::Regex:
      return "does not match /" + match.text + "/";
    case Kind::Present:
    case Kind::Absent:
      break;
  }
  return {};
}

// `subject`: "header X-Canary"; the values stand behind `separator`.
std::string valueFault(std::string subject, std::string_view separator, const ValueMatch& match,
                       const std::vector<std::string>& values) {
  if (values.empty())
    return subject + " is absent" + (match.kind == Kind::Present ? "" : ", " + wanted(match));
  subject += separator;
  subject += joined(values, ", ") + " ";
  if (match.kind == Kind::Absent) return subject + "is present";
  return subject + (match.kind == Kind::Exact ? "is " : "") + wanted(match);
}

// Collects values instead of accepting one.
auto into(std::vector<std::string>& values) {
  return [&values](std::string_view value) {
    values.emplace_back(value);
    return false;
  };
}

std::string networkFault(const RouteSpec& route, const IpAddress& client) {
  std::vector<std::string> networks;
  for (const Cidr& network : route.from) networks.push_back(network.text());
  return "client " + client.text() + " is not in " + joined(networks, " or ");
}

}  // namespace

Conditions::Conditions(const RouteSpec& route)
    : scheme_(route.scheme), from_(route.from), params_(route.params), cookies_(route.cookies) {
  for (const std::string& text : route.methods) {
    const http::Method method = http::methodOf(text);
    methods_ |= static_cast<uint16_t>(1u << static_cast<unsigned>(method));
    if (method == http::Method::Other) other_methods_.push_back(text);
  }
  for (const Condition& condition : route.headers)
    fields_.push_back({http::fieldIdOf(condition.name), condition});
}

bool Conditions::hold(const RouteQuery& query) const {
  return methodHolds(query.method) && schemeHolds(query.scheme) && clientHolds(query.client) &&
         std::ranges::all_of(fields_,
                             [&](const auto& asked) { return fieldHolds(asked, query); }) &&
         std::ranges::all_of(params_,
                             [&](const auto& asked) { return paramHolds(asked, query); }) &&
         std::ranges::all_of(cookies_,
                             [&](const auto& asked) { return cookieHolds(asked, query); });
}

bool Conditions::methodHolds(std::string_view text) const {
  if (methods_ == 0) return true;
  const http::Method method = http::methodOf(text);
  if ((methods_ >> static_cast<unsigned>(method) & 1) == 0) return false;
  return method != http::Method::Other ||
         std::ranges::find(other_methods_, text) != other_methods_.end();
}

bool Conditions::fieldHolds(const FieldCondition& asked, const RouteQuery& query) {
  const ValueMatch& match = asked.condition.match;
  return holds(match, anyField(query.fields, asked.id, asked.condition.name,
                               [&](std::string_view value) { return accepts(match, value); }));
}

bool Conditions::paramHolds(const Condition& asked, const RouteQuery& query) {
  return holds(asked.match, anyParam(query.query, asked.name, [&](std::string_view value) {
                 return acceptsEncoded(asked.match, value);
               }));
}

bool Conditions::cookieHolds(const Condition& asked, const RouteQuery& query) {
  return holds(asked.match, anyCookie(query.fields, asked.name, [&](std::string_view value) {
                 return accepts(asked.match, value);
               }));
}

std::string Conditions::whyNot(const RouteSpec& route, const RouteQuery& query) const {
  if (!methodHolds(query.method))
    return "method " + std::string(query.method) + " is not " + joined(route.methods, " or ");
  if (!schemeHolds(query.scheme))
    return "scheme " + std::string(query.scheme) + " is not " + scheme_;
  if (!clientHolds(query.client)) return networkFault(route, query.client);
  std::vector<std::string> values;
  for (const FieldCondition& asked : fields_) {
    if (fieldHolds(asked, query)) continue;
    anyField(query.fields, asked.id, asked.condition.name, into(values));
    return valueFault("header " + asked.condition.name, ": ", asked.condition.match, values);
  }
  for (const Condition& asked : params_) {
    if (paramHolds(asked, query)) continue;
    anyParam(query.query, asked.name, into(values));
    return valueFault("param " + asked.name, "=", asked.match, values);
  }
  for (const Condition& asked : cookies_) {
    if (cookieHolds(asked, query)) continue;
    anyCookie(query.fields, asked.name, into(values));
    return valueFault("cookie " + asked.name, "=", asked.match, values);
  }
  return {};
}

}  // namespace fairlead::route
