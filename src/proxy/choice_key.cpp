// Finding and hashing keys.
#include "proxy/choice_key.h"

#include <optional>

#include "base/hash.h"

namespace fairlead::proxy {
namespace {

using http::KeySource;

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
    default:
      break;
  }
  const auto text = http::namedText(plan, head);
  if (!text) return std::nullopt;
  return hashOfText(*text);
}

}  // namespace

uint64_t choiceKey(const KeyPlan& plan, const http::RequestHead& head,
                   const filter::ClientFacts& client, Random& random) {
  const std::optional<uint64_t> key = hashOfKey(plan, head, client);
  return key ? *key : random.next();
}

uint64_t sessionKey(std::string_view value) { return hashOfText(value); }

}  // namespace fairlead::proxy
