// Replacing text in paths without breaking their escapes.
#include "filter/path_edit.h"

#include "base/short_copy.h"
#include "filter/path_text.h"
#include "http/target.h"

namespace fairlead::filter {
namespace {

size_t findFrom(std::string_view path, std::string_view from, size_t at) {
  for (;;) {
    at = path.find(from, at);
    if (at == std::string_view::npos) return at;
    const bool in_escape = (at >= 1 && path[at - 1] == '%') || (at >= 2 && path[at - 2] == '%');
    if (!in_escape) return at;
    ++at;
  }
}

size_t countOf(std::string_view path, std::string_view from) {
  size_t count = 0;
  for (size_t at = findFrom(path, from, 0); at != std::string_view::npos;
       at = findFrom(path, from, at + from.size()))
    ++count;
  return count;
}

}  // namespace

std::optional<std::string_view> canonicalAgain(std::string_view path, Arena& arena) {
  if (path.size() > kLongestPath) return std::nullopt;
  if (!path.starts_with('/')) path = arena.join("/", path);
  const auto canonical = http::canonicalPath(path, arena);
  if (!canonical || canonical->size() > kLongestPath) return std::nullopt;
  const bool was_canonical = canonical->data() == path.data();
  if (!was_canonical && hasDotSegment(path)) return std::nullopt;
  return *canonical;
}

std::optional<std::string_view> replaceText(std::string_view path, std::string_view from,
                                            std::string_view to, Arena& arena) {
  const size_t count = countOf(path, from);
  if (count == 0) return path;
  if (to.size() > kLongestPath ||
      path.size() + count * to.size() > kLongestPath + count * from.size())
    return std::nullopt;
  const size_t size = path.size() - count * from.size() + count * to.size();
  char* const begin = arena.allocate(size);
  char* end = begin;
  size_t done = 0;
  for (size_t at = findFrom(path, from, 0); at != std::string_view::npos;
       at = findFrom(path, from, done)) {
    end = append(end, path.substr(done, at - done));
    end = append(end, to);
    done = at + from.size();
  }
  append(end, path.substr(done));
  return std::string_view(begin, size);
}

}  // namespace fairlead::filter
