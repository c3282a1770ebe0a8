// Fuzzes request targets and canonical paths: a canonical path is its own canonical form, holds no
// dot segment and no empty one, and a host is its own canonical form.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "http/byte_class.h"
#include "http/target.h"

namespace {

using namespace fairlead;
using namespace fairlead::http;

void require(bool condition) {
  if (!condition) std::abort();
}

void checkPath(std::string_view path) {
  Arena arena;
  const auto once = canonicalPath(path, arena);
  if (!once) return require(!once.error().sentence.empty());
  const auto twice = canonicalPath(*once, arena);
  require(twice.has_value() && twice->data() == once->data() && *twice == *once);
  const std::string closed = std::string(*once) + "/";
  require(once->find("//") == std::string_view::npos);
  require(closed.find("/./") == std::string::npos && closed.find("/../") == std::string::npos);
  for (const char c : *once) require(isVisibleByte(c));
}

void checkTarget(std::string_view raw) {
  for (const char c : raw)
    if (!isVisibleByte(c)) return;
  for (const bool is_connect : {false, true}) {
    Arena arena;
    const auto target = parseTarget(raw, is_connect, !is_connect, arena);
    if (!target) continue;
    require(!target->path.empty() && !target->raw_path.empty());
    require(target->path == "*" || target->path[0] == '/');
  }
}

void checkAuthority(std::string_view authority) {
  if (!isValidAuthority(authority)) return;
  Arena arena;
  const std::string_view host = canonicalHost(authority, arena);
  require(!host.empty());
  if (!host.ends_with('.')) require(canonicalHost(host, arena) == host);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  checkPath(text);
  if (!text.empty()) checkTarget(text);
  checkAuthority(text);
  return 0;
}
