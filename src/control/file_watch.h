// Tells when files change, by looking at them: that works for files that are written in place, for
// others that are renamed into their place, for symbolic links and over a network.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "io/reactor.h"
#include "task/scope.h"
#include "task/task.h"

namespace fairlead::control {

// What the kernel says of a file: as long as it is the same, the file is.
struct FileStamp {
  uint64_t device = 0;
  uint64_t inode = 0;
  uint64_t bytes = 0;
  int64_t modified = 0;  // ns
  int64_t changed = 0;   // ns; also when it was renamed, or its time of modification set

  friend bool operator==(const FileStamp&, const FileStamp&) = default;
};

// Nothing when there is no such file. Follows symbolic links.
std::optional<FileStamp> stampOf(const std::string& name);

enum class FileNews : uint8_t { None, Changed, Gone };

// Of looks at one file: a change is news when the next look still finds it, so that a file that is
// being written is left alone. The first state that lasts is news.
class FileLooks {
 public:
  FileNews see(const std::optional<FileStamp>& stamp);

 private:
  using Look = std::optional<FileStamp>;
  std::optional<Look> last_;
  std::optional<Look> told_;
};

// On the reactor's thread.
class FileWatch {
 public:
  using OnNews = std::function<void(FileNews)>;

  explicit FileWatch(io::Reactor& reactor, Duration every = std::chrono::seconds(1))
      : reactor_(reactor), every_(every) {}

  // All files are added before the watch starts.
  void add(std::string name, OnNews on_news) {
    files_.push_back({std::move(name), std::move(on_news), {}});
  }
  void start();

 private:
  struct File {
    std::string name;
    OnNews on_news;
    FileLooks looks;
  };

  Task<void> lookForever();

  io::Reactor& reactor_;
  Duration every_;
  std::vector<File> files_;
  Scope looking_;
};

}  // namespace fairlead::control
