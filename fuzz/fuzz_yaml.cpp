// Any bytes as a configuration file: findings or a Config that is shown and loads again, never a
// crash.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "config/diagnostic.h"
#include "config/load.h"
#include "config/show.h"

namespace {

using namespace fairlead;
using namespace fairlead::config;

// Nothing is read from the disk.
class NoFiles final : public Files {
 public:
  std::expected<std::string, std::string> read(const std::string&) const override {
    return std::unexpected("no files here");
  }
  std::vector<std::string> match(const std::string&) const override { return {}; }
};

std::optional<std::string> oneVariable(std::string_view name) {
  if (name == "NAME") return "value";
  return std::nullopt;
}

Loaded load(std::string text) {
  return loadText("fuzz.yaml", std::move(text), oneVariable, NoFiles());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const Loaded loaded = load(text);
  renderText(loaded.diagnostics, Colour::On);
  renderJson(loaded.diagnostics);
  if (!loaded.config) return 0;
  const Loaded again = load(renderShow(*loaded.config, loaded.diagnostics));
  if (!again.config) std::abort();
  return 0;
}
