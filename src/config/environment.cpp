// One pass over a text, copying what is no variable.
#include "config/environment.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.h"

namespace fairlead::config {
namespace {

bool isName(std::string_view name) {
  if (name.empty() || ascii::isDigit(name[0])) return false;
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return ascii::isAlpha(c) || ascii::isDigit(c) || c == '_'; });
}

// Replaces the variable that begins at `at`; returns where the text goes on.
size_t replaceOne(std::string_view text, size_t at, const Environment& environment,
                  Replaced& result) {
  const size_t close = text.find('}', at);
  if (close == std::string_view::npos) {
    result.fault = {at, text.size() - at, "this `${` is never closed",
                    "${NAME} or ${NAME:-default}, or $${ for the two characters themselves"};
    return text.size();
  }
  const std::string_view inside = text.substr(at + 2, close - at - 2);
  const size_t dash = inside.find(":-");
  const std::string_view name = inside.substr(0, dash);
  const size_t length = close + 1 - at;
  if (!isName(name)) {
    result.fault = {at, length, fmt::format("`{}` is not the name of a variable", name),
                    "letters, digits and `_`, or $${ for the two characters themselves"};
  } else if (auto value = environment(name)) {
    result.text += *value;
  } else if (dash != std::string_view::npos) {
    result.text += inside.substr(dash + 2);
  } else {
    result.fault = {at, length, fmt::format("the environment has no variable `{}`", name),
                    fmt::format("{0} to be set, or a default: ${{{0}:-value}}", name)};
  }
  result.whole = at == 0 && length == text.size();
  return close + 1;
}

}  // namespace

Replaced replaceVariables(std::string_view text, const Environment& environment) {
  Replaced result;
  size_t at = 0;
  while (at < text.size() && !result.fault) {
    const size_t next = text.find("${", at);
    if (next == std::string_view::npos) break;
    if (next > at && text[next - 1] == '$') {  // $${ stands for ${
      result.text += text.substr(at, next - at);
      result.text += '{';
      at = next + 2;
      continue;
    }
    result.text += text.substr(at, next - at);
    at = replaceOne(text, next, environment, result);
  }
  if (at < text.size()) result.text += text.substr(at);
  return result;
}

}  // namespace fairlead::config
