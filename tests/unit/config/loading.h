// Loading texts in tests: an environment of three variables, and files that live in a map.
#pragma once

#include <fnmatch.h>

#include <map>
#include <string>

#include "config/diagnostic.h"
#include "config/load.h"

namespace fairlead::config {

inline std::optional<std::string> testEnvironment(std::string_view name) {
  if (name == "PORT") return "8081";
  if (name == "NAME") return "edge";
  if (name == "FAIRLEAD_ADMIN_TOKEN") return "secret";
  return std::nullopt;
}

class MapFiles final : public Files {
 public:
  explicit MapFiles(std::map<std::string, std::string> texts) : texts_(std::move(texts)) {}

  std::expected<std::string, std::string> read(const std::string& name) const override {
    const auto found = texts_.find(name);
    if (found == texts_.end()) return std::unexpected("No such file or directory");
    return found->second;
  }
  std::vector<std::string> match(const std::string& pattern) const override {
    std::vector<std::string> names;
    for (const auto& [name, text] : texts_)
      if (::fnmatch(pattern.c_str(), name.c_str(), FNM_PATHNAME) == 0) names.push_back(name);
    return names;
  }

 private:
  std::map<std::string, std::string> texts_;
};

inline Loaded loadWith(std::string text, std::map<std::string, std::string> files = {}) {
  return loadText("fairlead.yaml", std::move(text), testEnvironment, MapFiles(std::move(files)));
}

}  // namespace fairlead::config
