// When a change of a file is news, and how changes of real files are seen.
#include "control/file_watch.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "support/drive.h"

namespace fairlead::control {
namespace {

struct LooksRow {
  const char* name;
  const char* looks;  // one letter a look: the state of the file, '-' when it is not there
  const char* news;   // 'c'hanged, 'g'one, '.' nothing
};

const LooksRow kLooks[] = {
    {"the first state that lasts is news", "aaaa", ".c.."},
    {"a change is news when it lasts", "aabbb", ".c.c."},
    {"a file that grows is left alone", "aabcdd", ".c...c"},
    {"what changed back is no news", "aabaa", ".c..."},
    {"a file that is replaced with a gap", "aa-bb", ".c..c"},
    {"gone", "aa---", ".c.g."},
    {"back as it was", "aa--aa", ".c.g.c"},
    {"not there at all", "---", ".g."},
};

TEST(FileLooks, MakeNewsOfWhatLasts) {
  for (const LooksRow& row : kLooks) {
    FileLooks looks;
    std::string news;
    for (const char* look = row.looks; *look != '\0'; ++look) {
      std::optional<FileStamp> stamp;
      if (*look != '-') stamp = FileStamp{.inode = static_cast<uint64_t>(*look)};
      news += ".cg"[static_cast<size_t>(looks.see(stamp))];
    }
    EXPECT_EQ(news, row.news) << row.name;
  }
}

TEST(FileWatch, SeesFilesWrittenRenamedLinkedAndRemoved) {
  namespace fs = std::filesystem;
  const fs::path folder =
      fs::temp_directory_path() / ("fairlead-watch-" + std::to_string(::getpid()));
  fs::create_directories(folder);
  const auto write = [&](const char* name, const char* text) {
    std::ofstream(folder / name) << text;
  };
  write("one", "1");
  fs::create_symlink(folder / "one", folder / "list");
  io::Reactor reactor;
  FileWatch watch(reactor, std::chrono::milliseconds(1));
  int changes = 0;
  int losses = 0;
  watch.add(folder / "list", [&](FileNews news) { ++(news == FileNews::Gone ? losses : changes); });
  watch.start();
  const auto waitFor = [&](int more_changes, int more_losses) {
    const int until_changes = changes + more_changes;
    const int until_losses = losses + more_losses;
    fairlead::test::runUntil(reactor,
                             [&] { return changes == until_changes && losses == until_losses; });
  };
  waitFor(1, 0);
  write("one", "12");
  waitFor(1, 0);
  write("other", "12");
  fs::rename(folder / "other", folder / "one");
  waitFor(1, 0);
  write("two", "2");
  fs::create_symlink(folder / "two", folder / "next");
  fs::rename(folder / "next", folder / "list");
  waitFor(1, 0);
  fs::remove(folder / "two");
  waitFor(0, 1);
  fs::remove_all(folder);
}

}  // namespace
}  // namespace fairlead::control
