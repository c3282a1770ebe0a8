// Finding and hashing keys.
#include "proxy/choice_key.h"

#include <optional>

#include "base/hash.h"
#include "http/cookies.h"
#include "http/query.h"

namespace fairlead::proxy {
namespace {

using balance::KeySource;

std::optional<uint64_t> hashOfField(const http::Fields& fields, std::string_view name) {
  const http::Field* field = fields.find(name);
  if (!field) return std::nullopt;
  return hashOfText(field->value());
}

std::optional<uint64_t> hashOfCookie(const http::Fields& fields, std::string_view name) {
  http::Cookie cookie;
  if (!http::findCookie(fields, name, cookie)) return std::nullopt;
  return hashOfText(cookie.unquoted());
}

std::optional<uint64_t> hashOfParam(std::string_view query, std::string_view name) {
  http::Param param;
  if (!http::findParam(query, name, param)) return std::nullopt;
  return hashOfText(param.value());
}

std::optional<uint64_t> hashOfKey(const KeyPlan& plan, const http::RequestHead& head,
                                  const filter::ClientFacts& client) {
  switch (plan.source) {
    case KeySource::None:
      return uint64_t{0};
    case KeySource::ClientIp:
      return hashOfClient(client.client);
    case KeySource::Path:
      return hashOfText(head.target.path);
    case KeySource::Uri:
      return hashOfText(head.target.query, hashOfText(head.target.path));
    case KeySource::Header:
      return hashOfField(head.fields, plan.name);
    case KeySource::Cookie:
      return hashOfCookie(head.fields, plan.name);
    case KeySource::Param:
      return hashOfParam(head.target.query, plan.name);
  }
  return std::nullopt;
}

}  // namespace

uint64_t choiceKey(const KeyPlan& plan, const http::RequestHead& head,
                   const filter::ClientFacts& client, Random& random) {
  const std::optional<uint64_t> key = hashOfKey(plan, head, client);
  return key ? *key : random.next();
}

uint64_t sessionKey(std::string_view value) { return hashOfText(value); }

}  // namespace fairlead::proxy
