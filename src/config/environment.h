// Environment variables in texts: `${NAME}`, `${NAME:-default}`, and `$${` for a literal `${`.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace fairlead::config {

// Looks one variable up; nullopt: it is not set.
using Environment = std::function<std::optional<std::string>(std::string_view name)>;

struct Replaced {
  std::string text;
  bool whole = false;  // the text was one `${...}` and nothing else

  struct Fault {
    size_t offset = 0;  // in the text as given
    size_t length = 0;
    std::string message;
    std::string expected;
  };
  std::optional<Fault> fault;  // the first one; `text` is then unfinished
};

Replaced replaceVariables(std::string_view text, const Environment& environment);

}  // namespace fairlead::config
