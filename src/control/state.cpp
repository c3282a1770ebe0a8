// Reading and making the files of the state folder.
#include "control/state.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <stdexcept>

#include "io/descriptor.h"

namespace fairlead::control {
namespace {

constexpr size_t kSecretBytes = 32;

std::unexpected<std::string> cannot(std::string_view what, const std::string& file) {
  return std::unexpected(fmt::format("cannot {} {}: {}", what, file, std::strerror(errno)));
}

std::string textOf(uid_t user) { return user == 0 ? "root" : fmt::format("user {}", user); }

// Why a file cannot be opened that is there.
std::unexpected<std::string> cannotOpen(const std::string& file) {
  const int error = errno;
  if (error == ELOOP)
    return std::unexpected(fmt::format(
        "{} is a symbolic link, and fairlead follows none to its key; put the key itself "
        "there",
        file));
  struct stat about{};
  if (error == EACCES && ::lstat(file.c_str(), &about) == 0)
    return std::unexpected(
        fmt::format("{} belongs to {}, and fairlead runs as {}, who may not read it", file,
                    textOf(about.st_uid), textOf(::geteuid())));
  errno = error;
  return cannot("read", file);
}

// Whoever wrote the file may know the key, and so may whoever can read it. A group may: volumes of
// containers are often shared by one.
std::expected<void, std::string> checkSecrecy(const std::string& file, int fd) {
  struct stat about{};
  if (::fstat(fd, &about) != 0) return cannot("read", file);
  if (!S_ISREG(about.st_mode))
    return std::unexpected(fmt::format("{} is not a file; remove it to get a new key", file));
  if (about.st_uid != ::geteuid() && about.st_uid != 0)
    return std::unexpected(
        fmt::format("{} belongs to {}, who can know the key; remove it to get a new one", file,
                    textOf(about.st_uid)));
  if (about.st_mode & S_IRWXO)
    return std::unexpected(fmt::format(
        "anybody can read or change the key in {}; `chmod 600` it, or remove it to get a new one",
        file));
  return {};
}

// Of a file that another process may be making at the same moment: whole, or not at all. Never
// waits, whatever stands there in its place.
std::expected<std::string, std::string> readSecret(const std::string& file) {
  const io::Descriptor fd(
      ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY));
  if (!fd) return cannotOpen(file);
  if (const auto secret = checkSecrecy(file, fd.get()); !secret)
    return std::unexpected(secret.error());
  std::array<char, kSecretBytes + 1> bytes{};
  const ssize_t count = ::read(fd.get(), bytes.data(), bytes.size());
  if (count < 0) return cannot("read", file);
  if (static_cast<size_t>(count) == kSecretBytes) return std::string(bytes.data(), kSecretBytes);
  return std::unexpected(fmt::format(
      "{} is not a key that fairlead made ({} bytes wanted); remove it to get a new one", file,
      kSecretBytes));
}

bool writeWhole(int fd, std::string_view bytes) {
  const ssize_t count = ::write(fd, bytes.data(), bytes.size());
  if (count >= 0 && static_cast<size_t>(count) != bytes.size()) errno = ENOSPC;
  return count == static_cast<ssize_t>(bytes.size()) && ::fsync(fd) == 0;
}

// Complete under another name first, so that nobody reads half of it, and never over one that is
// there already. The name is nobody else's: processes of two containers may share a folder and have
// the same number.
std::expected<void, std::string> writeSecret(const std::string& file, std::string_view secret) {
  std::string draft = file + ".XXXXXX";
  const io::Descriptor fd(::mkostemp(draft.data(), O_CLOEXEC));  // mode 0600
  if (!fd) return cannot("make", file);
  const bool is_there =
      writeWhole(fd.get(), secret) && (::link(draft.c_str(), file.c_str()) == 0 || errno == EEXIST);
  const int error = errno;
  ::unlink(draft.c_str());
  errno = error;
  if (!is_there) return cannot("make", file);
  return {};
}

}  // namespace

std::string freshStickySecret() {
  std::string secret(kSecretBytes, '\0');
  if (::getrandom(secret.data(), secret.size(), 0) != static_cast<ssize_t>(secret.size()))
    throw std::runtime_error("the kernel gives no random bytes");
  return secret;
}

std::expected<std::string, std::string> keptStickySecret(const std::string& folder) {
  const std::string file = folder + "/sticky.key";
  struct stat about{};
  if (::lstat(file.c_str(), &about) != 0 && errno == ENOENT) {
    if (const auto written = writeSecret(file, freshStickySecret()); !written)
      return std::unexpected(written.error());
  }
  return readSecret(file);
}

}  // namespace fairlead::control
