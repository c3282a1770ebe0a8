// Text of the configuration that becomes part of a path: judged and brought into canonical form
// when it is read, placeholders left alone.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "filter/template.h"

namespace fairlead::filter {

// Why this text cannot be part of a path, or "".
std::string_view faultOfPathText(std::string_view text);
// Escapes of unreserved characters resolved, others in upper case, blanks and bytes beyond ASCII
// escaped. For texts without fault.
std::string normalisedPathText(std::string_view text);

// A template whose own text is in the form that it has within a canonical path, or within a URI.
struct PathTemplate {
  Template text;
  std::string source;  // as written
};

// Part of a path.
std::optional<PathTemplate> readPathTemplate(const Value& value, Diagnostics& out,
                                             Allowed allowed = {});
// A whole path: begins with `/` or with a placeholder, has no dot segments of its own. One without
// placeholders has a canonical form.
std::optional<PathTemplate> readWholePathTemplate(const Value& value, Diagnostics& out);
// Part of a path and its query.
std::optional<PathTemplate> readUriTemplate(const Value& value, Diagnostics& out, Allowed allowed);

// Has the path a dot segment, its dots escaped or not? Then it is not canonical.
bool hasDotSegment(std::string_view path);

}  // namespace fairlead::filter
