// The key in the state folder: made once, for fairlead alone, and refused when it is not that.
#include "control/state.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <latch>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace fairlead::control {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::HasSubstr;

constexpr size_t kBytes = 32;
constexpr uid_t kNobody = 65534;

// A folder that goes with it.
class Folder {
 public:
  Folder() {
    std::string made = fs::temp_directory_path() / "fairlead-state-XXXXXX";
    if (!::mkdtemp(made.data())) throw std::runtime_error("mkdtemp");
    path_ = made;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { fs::remove_all(path_); }

  const fs::path& path() const { return path_; }
  fs::path key() const { return path_ / "sticky.key"; }
  void write(const fs::path& file, std::string_view bytes, mode_t mode = 0600) const {
    std::ofstream(file, std::ios::binary) << bytes;
    ::chmod(file.c_str(), mode);
  }
  std::string read(const fs::path& file) const {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(path_))
      names.push_back(entry.path().filename());
    return names;
  }

 private:
  fs::path path_;
};

// The process is another user while it lives. The tests that need it are for root only.
class As {
 public:
  explicit As(uid_t user) {
    if (::seteuid(user) != 0) throw std::runtime_error("seteuid");
  }
  As(const As&) = delete;
  As& operator=(const As&) = delete;
  ~As() {
    if (::seteuid(0) != 0) std::abort();
  }
};

struct stat factsOf(const fs::path& file) {
  struct stat about{};
  EXPECT_EQ(::lstat(file.c_str(), &about), 0) << file;
  return about;
}

using Names = std::vector<std::string>;

TEST(KeptSecret, IsMadeOnce) {
  const Folder folder;
  const auto first = keptStickySecret(folder.path());
  ASSERT_TRUE(first) << first.error();
  EXPECT_EQ(first->size(), kBytes);
  EXPECT_EQ(folder.names(), Names{"sticky.key"}) << "and no draft is left behind";
  EXPECT_EQ(folder.read(folder.key()), *first);
  EXPECT_EQ(keptStickySecret(folder.path()), first);
}

TEST(KeptSecret, IsForItsOwnerOnlyWhateverTheUmask) {
  for (const mode_t mask : {0000, 0022, 0077}) {
    SCOPED_TRACE(mask);
    const Folder folder;
    const mode_t before = ::umask(mask);
    const auto secret = keptStickySecret(folder.path());
    ::umask(before);
    ASSERT_TRUE(secret) << secret.error();
    const struct stat about = factsOf(folder.key());
    EXPECT_EQ(about.st_mode, static_cast<mode_t>(S_IFREG | 0600));
    EXPECT_EQ(about.st_uid, ::geteuid());
    EXPECT_EQ(about.st_nlink, 1u);
  }
}

TEST(KeptSecret, IsAnotherInEachFolder) {
  const Folder one;
  const Folder other;
  EXPECT_NE(keptStickySecret(one.path()), keptStickySecret(other.path()));
}

TEST(KeptSecret, MayHoldAnyBytes) {
  const Folder folder;
  const std::string bytes = std::string(4, '\0') + std::string(27, '\xff') + '\n';
  folder.write(folder.key(), bytes);
  EXPECT_EQ(keptStickySecret(folder.path()), bytes);
}

// Two that start at the same moment, for the first time.
TEST(KeptSecret, IsOneForAllWhoMakeItAtOnce) {
  constexpr int kThreads = 8;
  for (int round = 0; round < 25; ++round) {
    const Folder folder;
    std::vector<std::expected<std::string, std::string>> secrets(kThreads);
    std::latch begin(kThreads);
    {
      std::vector<std::jthread> threads;
      for (auto& secret : secrets)
        threads.emplace_back([&] {
          begin.arrive_and_wait();
          secret = keptStickySecret(folder.path());
        });
    }
    ASSERT_TRUE(secrets[0]) << secrets[0].error();
    for (const auto& secret : secrets) ASSERT_EQ(secret, secrets[0]);
    EXPECT_EQ(folder.names(), Names{"sticky.key"});
  }
}

// --- what is refused, in words that help

struct BadRow {
  const char* name;
  std::function<void(const Folder&)> prepare;
  const char* words;
};

TEST(KeptSecret, IsRefusedWhenItIsNotWhatFairleadMade) {
  const std::string good(kBytes, 'k');
  const BadRow rows[] = {
      {"empty", [](const Folder& f) { f.write(f.key(), ""); }, "32 bytes wanted"},
      {"a byte short", [](const Folder& f) { f.write(f.key(), std::string(31, 'k')); },
       "remove it to get a new one"},
      {"a byte long", [](const Folder& f) { f.write(f.key(), std::string(33, 'k')); },
       "32 bytes wanted"},
      {"very long", [](const Folder& f) { f.write(f.key(), std::string(1 << 20, 'k')); },
       "32 bytes wanted"},
      {"others may read it", [&](const Folder& f) { f.write(f.key(), good, 0604); }, "chmod 600"},
      {"others may write it", [&](const Folder& f) { f.write(f.key(), good, 0602); }, "chmod 600"},
      {"a folder", [](const Folder& f) { fs::create_directory(f.key()); }, "is not a file"},
      {"a pipe that nobody fills",
       [](const Folder& f) { EXPECT_EQ(::mkfifo(f.key().c_str(), 0600), 0); }, "is not a file"},
      {"a symbolic link",
       [&](const Folder& f) {
         f.write(f.path() / "elsewhere", good);
         fs::create_symlink("elsewhere", f.key());
       },
       "is a symbolic link"},
      {"a symbolic link to nothing",
       [](const Folder& f) { fs::create_symlink("nowhere", f.key()); }, "is a symbolic link"},
  };
  for (const BadRow& row : rows) {
    SCOPED_TRACE(row.name);
    const Folder folder;
    row.prepare(folder);
    const Names before = folder.names();
    const auto secret = keptStickySecret(folder.path());
    ASSERT_FALSE(secret);
    EXPECT_THAT(secret.error(), AllOf(HasSubstr(folder.key().string()), HasSubstr(row.words)));
    EXPECT_EQ(folder.names(), before) << "nothing is made beside it";
  }
}

TEST(KeptSecret, MayBeReadByAGroup) {
  const Folder folder;
  const std::string good(kBytes, 'k');
  for (const mode_t mode : {0400, 0440, 0640, 0660}) {
    folder.write(folder.key(), good, mode);
    EXPECT_EQ(keptStickySecret(folder.path()), good) << mode;
    fs::remove(folder.key());
  }
}

TEST(KeptSecret, NeedsItsFolder) {
  const Folder folder;
  const std::string missing = folder.path() / "missing";
  const auto in_missing = keptStickySecret(missing);
  ASSERT_FALSE(in_missing);
  EXPECT_EQ(in_missing.error(),
            "cannot make " + missing + "/sticky.key: No such file or directory");
  EXPECT_FALSE(fs::exists(missing));

  const std::string file = folder.path() / "file";
  folder.write(file, "");
  const auto in_file = keptStickySecret(file);
  ASSERT_FALSE(in_file);
  EXPECT_EQ(in_file.error(), "cannot read " + file + "/sticky.key: Not a directory");
}

// --- users; only root can play them

class KeptSecretAsRoot : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can become other users";
    ASSERT_EQ(::chmod(folder_.path().c_str(), 0777), 0);
  }
  Folder folder_;
};

TEST_F(KeptSecretAsRoot, AFolderThatMayNotBeWritten) {
  ASSERT_EQ(::chmod(folder_.path().c_str(), 0755), 0);
  const As nobody(kNobody);
  const auto secret = keptStickySecret(folder_.path());
  ASSERT_FALSE(secret);
  EXPECT_EQ(secret.error(), "cannot make " + folder_.key().string() + ": Permission denied");
}

TEST_F(KeptSecretAsRoot, AFolderThatMayNotBeEntered) {
  ASSERT_EQ(::chmod(folder_.path().c_str(), 0700), 0);
  const As nobody(kNobody);
  const auto secret = keptStickySecret(folder_.path());
  ASSERT_FALSE(secret);
  EXPECT_EQ(secret.error(), "cannot read " + folder_.key().string() + ": Permission denied");
}

// fairlead was run by root once, and by its own user since.
TEST_F(KeptSecretAsRoot, AKeyThatRootMade) {
  ASSERT_TRUE(keptStickySecret(folder_.path()));
  const As nobody(kNobody);
  const auto secret = keptStickySecret(folder_.path());
  ASSERT_FALSE(secret);
  EXPECT_EQ(secret.error(), folder_.key().string() +
                                " belongs to root, and fairlead runs as user 65534, who may not "
                                "read it");
}

TEST_F(KeptSecretAsRoot, AKeyThatRootLetsItRead) {
  const std::string good(kBytes, 'k');
  folder_.write(folder_.key(), good, 0640);
  ASSERT_EQ(::chown(folder_.key().c_str(), 0, ::getegid()), 0);
  const As nobody(kNobody);
  EXPECT_EQ(keptStickySecret(folder_.path()), good);
}

// Planted by somebody else, in a folder that everybody may write.
TEST_F(KeptSecretAsRoot, AKeyOfAnotherUser) {
  folder_.write(folder_.key(), std::string(kBytes, 'k'));
  ASSERT_EQ(::chown(folder_.key().c_str(), kNobody, kNobody), 0);
  const auto secret = keptStickySecret(folder_.path());
  ASSERT_FALSE(secret);
  EXPECT_EQ(secret.error(), folder_.key().string() +
                                " belongs to user 65534, who can know the key; "
                                "remove it to get a new one");
}

// --- without a folder

TEST(FreshSecret, IsNewEachTime) {
  std::set<std::string> secrets;
  for (int i = 0; i < 100; ++i) {
    secrets.insert(freshStickySecret());
    ASSERT_EQ(secrets.rbegin()->size(), kBytes);
  }
  EXPECT_EQ(secrets.size(), 100u);
}

}  // namespace
}  // namespace fairlead::control
