// Looking at files, again and again.
#include "control/file_watch.h"

#include <sys/stat.h>

namespace fairlead::control {

std::optional<FileStamp> stampOf(const std::string& name) {
  struct stat status{};
  if (::stat(name.c_str(), &status) != 0) return std::nullopt;
  const auto nanoseconds = [](const timespec& time) {
    return int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
  };
  return FileStamp{.device = status.st_dev,
                   .inode = status.st_ino,
                   .bytes = static_cast<uint64_t>(status.st_size),
                   .modified = nanoseconds(status.st_mtim),
                   .changed = nanoseconds(status.st_ctim)};
}

FileNews FileLooks::see(const std::optional<FileStamp>& stamp) {
  const bool lasts = last_.has_value() && *last_ == stamp;
  last_.emplace(stamp);
  if (!lasts || (told_.has_value() && *told_ == stamp)) return FileNews::None;
  told_.emplace(stamp);
  return stamp ? FileNews::Changed : FileNews::Gone;
}

void FileWatch::start() {
  if (!files_.empty()) looking_.spawn(lookForever());
}

Task<void> FileWatch::lookForever() {
  for (;;) {
    for (File& file : files_) {
      const FileNews news = file.looks.see(stampOf(file.name));
      if (news != FileNews::None) file.on_news(news);
    }
    co_await io::Sleep(reactor_, every_);
  }
}

}  // namespace fairlead::control
