// From a file name to a finished Config, or to all findings at once.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <vector>

#include "config/config.h"
#include "config/environment.h"

namespace fairlead::config {

// What the loader asks of the world; DiskFiles is the real one.
class Files {
 public:
  virtual ~Files() = default;
  // The whole text, or a sentence that says why not.
  virtual std::expected<std::string, std::string> read(const std::string& name) const = 0;
  // The names that match a pattern such as conf.d/*.yaml, sorted.
  virtual std::vector<std::string> match(const std::string& pattern) const = 0;
};

class DiskFiles final : public Files {
 public:
  std::expected<std::string, std::string> read(const std::string& name) const override;
  std::vector<std::string> match(const std::string& pattern) const override;
};

struct Loaded {
  std::optional<Config> config;  // nothing when there is an error
  Diagnostics diagnostics;       // sorted by place; `files` holds every file that was read
};

Loaded loadFile(const std::string& path, const Environment& environment);
// `name` is what findings call the text, and where relative names begin.
Loaded loadText(std::string name, std::string text, const Environment& environment);
Loaded loadText(std::string name, std::string text, const Environment& environment,
                const Files& files);

// The environment of this process.
std::optional<std::string> processEnvironment(std::string_view name);

}  // namespace fairlead::config
