// The main file, what it includes, and the lists, pages and databases that it names.
#include "config/load.h"

#include <fmt/format.h>
#include <glob.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>

#include "config/config_reader.h"
#include "config/named_file.h"
#include "config/yaml.h"

namespace fairlead::config {
namespace {

constexpr size_t kMostFiles = 1000;

class Loader {
 public:
  Loader(const Environment& environment, const Files& files, Diagnostics& out)
      : environment_(environment), files_(files), out_(out) {}

  // The file's tree joins the others, if it is one.
  void add(std::string name, std::string text) {
    constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
    if (text.starts_with(kByteOrderMark)) text.erase(0, kByteOrderMark.size());
    const auto file = static_cast<uint32_t>(out_.files.size());
    out_.files.push_back({std::move(name), std::move(text)});
    auto root = readYaml(file, environment_, out_);
    if (!root) return;
    if (root->kind == Value::Kind::Null)
      out_.error({file, 0, 0, 1}, "the file is empty").expected = "`hosts` or `paths`";
    else
      roots_.push_back(*std::move(root));
  }

  void addIncluded() {
    if (roots_.empty() || !roots_.front().isMap()) return;
    const Value* include = roots_.front().find("include");
    if (include == nullptr || include->kind == Value::Kind::Null) return;
    const Value patterns = *include;  // `roots_` is going to grow
    for (const Value* pattern : readScalars(patterns, out_)) addMatching(*pattern);
  }

  std::optional<Config> finish() {
    if (roots_.empty()) return std::nullopt;
    for (Value& root : roots_) readNamedFiles(root, files_, out_);
    Config config = readConfig(roots_, environment_, out_);
    if (out_.hasErrors()) return std::nullopt;
    for (const Diagnostics::File& file : out_.files) config.files.push_back(file.name);
    // Findings are about other files from here on; a list may have megabytes.
    for (const auto& list : config.lists->all()) out_.files[list->file()].text = {};
    if (config.geo.database) out_.files[config.geo.database->file()].text = {};
    return config;
  }

 private:
  void addMatching(const Value& pattern) {
    const std::string path = besideFile(out_.files[pattern.mark.file].name, pattern.text);
    const bool is_pattern = path.find_first_of("*?[") != std::string::npos;
    const auto names = is_pattern ? files_.match(path) : std::vector<std::string>{path};
    if (names.empty())
      out_.warning(pattern.mark, fmt::format("no file matches `{}`", pattern.text));
    for (const std::string& name : names) addFile(name, pattern.mark);
  }

  void addFile(const std::string& name, Mark included_at) {
    const bool is_known = std::any_of(out_.files.begin(), out_.files.end(),
                                      [&](const auto& file) { return file.name == name; });
    if (is_known) {
      out_.error(included_at, fmt::format("`{}` is read twice", name));
      return;
    }
    if (out_.files.size() >= kMostFiles) {
      out_.error(included_at, fmt::format("there are more than {} files", kMostFiles));
      return;
    }
    auto text = files_.read(name);
    if (text)
      add(name, *std::move(text));
    else
      out_.error(included_at, fmt::format("cannot read `{}`: {}", name, text.error()));
  }

  const Environment& environment_;
  const Files& files_;
  Diagnostics& out_;
  std::vector<Value> roots_;
};

}  // namespace

std::expected<std::string, std::string> DiskFiles::read(const std::string& name) const {
  std::error_code ignored;
  if (std::filesystem::is_directory(name, ignored)) return std::unexpected("it is a folder");
  errno = 0;
  std::ifstream stream(name, std::ios::binary);
  std::ostringstream text;
  if (stream && stream.peek() != std::ifstream::traits_type::eof()) text << stream.rdbuf();
  if (stream.is_open() && !stream.bad()) return std::move(text).str();
  return std::unexpected(std::generic_category().message(errno));
}

std::vector<std::string> DiskFiles::match(const std::string& pattern) const {
  glob_t found{};
  std::vector<std::string> names;
  if (::glob(pattern.c_str(), 0, nullptr, &found) == 0)
    names.assign(found.gl_pathv, found.gl_pathv + found.gl_pathc);
  ::globfree(&found);
  std::sort(names.begin(), names.end());
  return names;
}

Loaded loadText(std::string name, std::string text, const Environment& environment,
                const Files& files) {
  Loaded loaded;
  Loader loader(environment, files, loaded.diagnostics);
  loader.add(std::move(name), std::move(text));
  loader.addIncluded();
  loaded.config = loader.finish();
  loaded.diagnostics.sort();
  if (loaded.diagnostics.hasErrors()) loaded.config.reset();
  return loaded;
}

Loaded loadText(std::string name, std::string text, const Environment& environment) {
  return loadText(std::move(name), std::move(text), environment, DiskFiles());
}

Loaded loadFile(const std::string& path, const Environment& environment) {
  const DiskFiles disk;
  auto text = disk.read(path);
  if (text) return loadText(path, *std::move(text), environment, disk);
  Loaded loaded;
  loaded.diagnostics.files.push_back({path, ""});
  loaded.diagnostics.error({0, 0, 0, 1}, fmt::format("cannot be read: {}", text.error()));
  return loaded;
}

std::optional<std::string> processEnvironment(std::string_view name) {
  const char* value = std::getenv(std::string(name).c_str());
  if (value == nullptr) return std::nullopt;
  return std::string(value);
}

}  // namespace fairlead::config
