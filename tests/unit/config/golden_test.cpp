// Every bad file of golden/ and the whole text that is told about it. To write the texts anew after
// a deliberate change, run with FAIRLEAD_UPDATE_GOLDEN=1 and read the difference.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "unit/config/loading.h"

namespace fairlead::config {
namespace {

const std::string kFolder = FAIRLEAD_SOURCE_DIR "/tests/unit/config/golden/";

std::string contentOf(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
}

std::vector<std::string> goldenNames() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kFolder))
    if (entry.path().extension() == ".yaml") names.push_back(entry.path().stem().string());
  std::sort(names.begin(), names.end());
  return names;
}

class Golden : public testing::TestWithParam<std::string> {};

TEST_P(Golden, TellsTheWholeText) {
  const std::string& name = GetParam();
  const Loaded loaded =
      loadText(name + ".yaml", contentOf(kFolder + name + ".yaml"), testEnvironment, MapFiles({}));
  const std::string told = renderText(loaded.diagnostics);
  if (std::getenv("FAIRLEAD_UPDATE_GOLDEN") != nullptr)
    std::ofstream(kFolder + name + ".txt", std::ios::binary) << told;
  EXPECT_EQ(told, contentOf(kFolder + name + ".txt"));
  EXPECT_FALSE(told.empty());
  EXPECT_EQ(loaded.config.has_value(), !loaded.diagnostics.hasErrors());
}

INSTANTIATE_TEST_SUITE_P(Files, Golden, testing::ValuesIn(goldenNames()),
                         [](const auto& row) { return row.param; });

}  // namespace
}  // namespace fairlead::config
