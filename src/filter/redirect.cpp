// Making the Location of a redirect out of the request.
#include "filter/redirect.h"

#include <array>

#include "base/ascii.h"
#include "filter/entries.h"
#include "http/target.h"

namespace fairlead::filter {
namespace {

using http::MessageFault;

constexpr size_t kLongest = 32 * 1024;

std::unexpected<MessageFault> noHost() {
  return std::unexpected(MessageFault{400, "The redirect leads to no valid host."});
}

// With its colon; empty when there is none.
std::string_view portOf(std::string_view authority) {
  const size_t host_end = authority.starts_with('[') ? authority.find(']') : 0;
  const size_t colon = authority.find(':', std::min(host_end, authority.size()));
  return colon == std::string_view::npos || colon + 1 == authority.size() ? std::string_view{}
                                                                          : authority.substr(colon);
}

bool isDefaultPort(uint32_t port, std::string_view scheme) {
  return (port == 80 && scheme == "http") || (port == 443 && scheme == "https");
}

bool isHostAlone(std::string_view text) {
  return http::isValidAuthority(text) && (text.ends_with(']') || text.find(':') == text.npos);
}

// What begins with two slashes would name another host.
std::string_view withOneSlash(std::string_view path, Arena& arena) {
  const size_t behind = std::min(path.find_first_not_of("/\\"), path.size());
  if (behind == 1 && path[0] == '/') return path;
  return arena.join("/", path.substr(behind));
}

// What stays of a path when the route's own has been taken off.
std::string_view behindPrefix(std::string_view path, std::string_view prefix) {
  if (prefix.empty() || prefix == "/") return path == "/" ? std::string_view{} : path;
  return http::isAtOrBelow(path, prefix) ? path.substr(prefix.size()) : path;
}

}  // namespace

std::string_view Redirect::schemeFor(const Scene& scene) const {
  return scheme_.value.empty() ? scene.client.scheme : std::string_view(scheme_.value);
}

std::expected<std::string_view, MessageFault> Redirect::authorityFor(
    const Scene& scene, std::string_view authority) const {
  const std::string_view host = host_ ? host_->made.render(scene) : scene.request.host;
  // A label that came out empty.
  if (host.starts_with('.')) return noHost();
  if (to_ && http::isValidAuthority(host)) return host;
  if (to_ || !isHostAlone(host)) return noHost();
  const std::string_view scheme = schemeFor(scene);
  if (port_.value == 0)
    return scheme == scene.client.scheme ? scene.arena.join(host, portOf(authority)) : host;
  if (isDefaultPort(port_, scheme)) return host;
  return scene.arena.join(host, ":", std::to_string(port_));
}

std::string_view Redirect::pathFor(const Scene& scene, std::string_view route_path) const {
  if (!prefix_) return rest_.render(scene);
  RequestFacts facts = scene.request;
  facts.path = behindPrefix(facts.path, route_path);
  const std::string_view rest = rest_.render({scene.client, scene.arena, scene.trace, facts});
  std::string_view prefix = prefix_->made.render(scene);
  if (rest.starts_with('/') && prefix.ends_with('/')) prefix.remove_suffix(1);
  return scene.arena.join(prefix, rest);
}

std::expected<std::string_view, MessageFault> Redirect::location(
    const Scene& scene, std::string_view authority, std::string_view route_path) const {
  // The `*` of OPTIONS is no path that one could be sent to.
  RequestFacts facts = scene.request;
  if (!facts.path.starts_with('/')) facts.path = "/";
  const Scene asked{scene.client, scene.arena, scene.trace, facts};
  std::string_view uri = pathFor(asked, route_path);
  if (is_relative_ || !to_ || uri.starts_with('/')) uri = withOneSlash(uri, scene.arena);
  if (!is_relative_) {
    const auto host = authorityFor(asked, authority);
    if (!host) return std::unexpected(host.error());
    uri = scene.arena.join(schemeFor(asked), "://", *host, uri);
  }
  if (uri.size() > kLongest)
    return std::unexpected(MessageFault{414, "The request target is too long to be redirected."});
  return uri;
}

Answer Redirect::answer(const Scene& scene, std::string_view authority,
                        std::string_view route_path) const {
  Answer answer;
  answer.rule = "redirect";
  answer.origin = mark_;
  const auto uri = location(scene, authority, route_path);
  if (!uri) {
    answer.status = uri.error().status;
    answer.body = uri.error().sentence;
    return answer;
  }
  const std::span<http::Field> fields = scene.arena.array<http::Field>(1);
  fields[0] = http::Field::make(scene.arena, http::FieldId::Location, *uri);
  answer.status = status_;
  answer.fields = fields;
  return answer;
}

bool Redirect::changesSchemeOnly() const {
  if (scheme_.value != "https") return false;
  if (!to_) return !host_ && !path_ && !prefix_;
  if (!host_ || !path_) return false;
  const std::string_view host = host_->written;
  const std::string_view path = path_->written;
  return (host == "{host}" || host.starts_with("{host}:")) &&
         (path == "{uri}" || path == "{path}" || path == "{path}?{query}");
}

std::optional<Mark> Redirect::needsPrefix() const {
  if (prefix_) return prefix_->mark;
  return std::nullopt;
}

Needs Redirect::needs() const {
  Needs needs = rest_.needs();
  if (host_) needs |= host_->made.needs();
  if (prefix_) needs |= prefix_->made.needs();
  needs.request = needs.request || !to_;
  return needs;
}

int Redirect::highestCapture() const {
  int highest = rest_.highestCapture();
  if (host_) highest = std::max(highest, host_->made.highestCapture());
  if (prefix_) highest = std::max(highest, prefix_->made.highestCapture());
  return highest;
}

Value Redirect::show() const {
  Value shown = Value::map(mark_);
  const auto put = [&](const char* key, const std::string& text, const Mark& mark) {
    shown.put(key, Value::scalar(text, mark));
  };
  if (to_) {
    put("to", to_->value, to_->origin);
  } else {
    if (!scheme_.value.empty()) put("scheme", scheme_, scheme_.origin);
    if (host_) put("host", host_->written, host_->mark);
    if (port_ != 0) put("port", std::to_string(port_), port_.origin);
    if (path_) put("path", path_->written, path_->mark);
    if (prefix_) put("replace_prefix", prefix_->written, prefix_->mark);
  }
  put("status", std::to_string(status_), status_mark_);
  return shown;
}

}  // namespace fairlead::filter
