// Edits of canonical paths, and what makes their results canonical again.
#pragma once

#include <optional>
#include <string_view>

#include "base/arena.h"

namespace fairlead::filter {

// Longer paths are no help to anybody; a rule that makes a path grow without end stops here.
inline constexpr size_t kLongestPath = 32 * 1024;

// The canonical form of what a rule made of a path. Nothing: it is no path any more. Should a rule
// put dot segments together, then somebody tries to climb past the rules that judged the path
// before: "/a/.v1./b" must not become "/b".
std::optional<std::string_view> canonicalAgain(std::string_view path, Arena& arena);

// Every `from` in the path becomes `to`, but none that begins inside of an escape: "20" does not
// occur in "%20". A view of `path` when there is none; nothing when the result is too long.
std::optional<std::string_view> replaceText(std::string_view path, std::string_view from,
                                            std::string_view to, Arena& arena);

}  // namespace fairlead::filter
