// The library reads files by their names, so it gets the bytes as a file that nobody else has.
#include "firewall/country_database.h"

#include <fmt/format.h>
#include <maxminddb.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <system_error>

#include "base/ascii.h"
#include "base/timestamp.h"
#include "base/units.h"

namespace fairlead::firewall {
namespace {

// A file in memory, there as long as it is open or mapped.
class MemoryFile {
 public:
  MemoryFile() : fd_(::memfd_create("countries", MFD_CLOEXEC)) {}
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  ~MemoryFile() {
    if (fd_ >= 0) ::close(fd_);
  }

  // False, with errno, when there is no room.
  bool write(std::string_view bytes) {
    if (fd_ < 0) return false;
    while (!bytes.empty()) {
      const ssize_t written = ::write(fd_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return false;
      bytes.remove_prefix(static_cast<size_t>(written));
    }
    return true;
  }
  std::string name() const { return fmt::format("/proc/self/fd/{}", fd_); }

 private:
  int fd_;
};

std::string sentenceOf(int error, int system_error) {
  switch (error) {
    case MMDB_INVALID_METADATA_ERROR:
      return "it is no MaxMind database, or its end is missing";
    case MMDB_UNKNOWN_DATABASE_FORMAT_ERROR:
      return "its format is not version 2 of MaxMind's";
    case MMDB_CORRUPT_SEARCH_TREE_ERROR:
    case MMDB_INVALID_DATA_ERROR:
      return "it is damaged";
    case MMDB_FILE_OPEN_ERROR:
    case MMDB_IO_ERROR:
      return fmt::format("no copy of it can be opened: {}",
                         std::generic_category().message(system_error));
    default:
      return MMDB_strerror(error);
  }
}

}  // namespace

std::optional<CountryCode> CountryCode::parse(std::string_view text) {
  if (text.size() != 2 || !std::ranges::all_of(text, ascii::isAlpha)) return std::nullopt;
  CountryCode code;
  // A letter without the bit that makes it small.
  std::ranges::transform(text, code.letters_.begin(), [](char c) { return char(c & ~0x20); });
  return code;
}

void CountryDatabase::Close::operator()(MMDB_s* database) const {
  ::MMDB_close(database);
  delete database;
}

std::expected<std::unique_ptr<const CountryDatabase>, std::string> CountryDatabase::open(
    std::string_view bytes) {
  if (bytes.empty()) return std::unexpected("it is empty");
  MemoryFile file;
  if (!file.write(bytes))
    return std::unexpected(
        fmt::format("no copy of it can be made: {}", std::generic_category().message(errno)));
  auto opened = std::make_unique<MMDB_s>();
  errno = 0;
  const int error = ::MMDB_open(file.name().c_str(), MMDB_MODE_MMAP, opened.get());
  if (error != MMDB_SUCCESS) return std::unexpected(sentenceOf(error, errno));
  std::unique_ptr<const CountryDatabase> database(new CountryDatabase(Handle(opened.release())));
  if (!database->hasCountries())
    return std::unexpected(
        fmt::format("there is no country in it; its type is {}", database->type()));
  return database;
}

// A database of something else, such as networks' owners, would know no client.
bool CountryDatabase::hasCountries() const {
  MMDB_search_node_s node;
  for (uint32_t i = 0; i < handle_->metadata.node_count; ++i) {
    if (::MMDB_read_node(handle_.get(), i, &node) != MMDB_SUCCESS) return false;
    if (node.left_record_type == MMDB_RECORD_TYPE_DATA && countryIn(node.left_record_entry))
      return true;
    if (node.right_record_type == MMDB_RECORD_TYPE_DATA && countryIn(node.right_record_entry))
      return true;
  }
  return false;
}

std::optional<CountryCode> CountryDatabase::countryIn(MMDB_entry_s& entry) {
  for (const char* of : {"country", "registered_country"}) {
    const char* const path[] = {of, "iso_code", nullptr};
    MMDB_entry_data_s data;
    if (::MMDB_aget_value(&entry, &data, path) != MMDB_SUCCESS || !data.has_data) continue;
    if (data.type != MMDB_DATA_TYPE_UTF8_STRING) continue;
    if (const auto code = CountryCode::parse({data.utf8_string, data.data_size})) return code;
  }
  return std::nullopt;
}

std::optional<CountryCode> CountryDatabase::countryOf(const IpAddress& address) const {
  int error = MMDB_SUCCESS;
  MMDB_lookup_result_s found;
  if (address.isV4()) {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_addr.s_addr = htonl(address.v4HostOrder());
    found = ::MMDB_lookup_sockaddr(handle_.get(), reinterpret_cast<const sockaddr*>(&v4), &error);
  } else {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    std::ranges::copy(address.bytes(), v6.sin6_addr.s6_addr);
    found = ::MMDB_lookup_sockaddr(handle_.get(), reinterpret_cast<const sockaddr*>(&v6), &error);
  }
  if (error != MMDB_SUCCESS || !found.found_entry) return std::nullopt;
  return countryIn(found.entry);
}

// It goes into lines of the log, whatever it is.
std::string CountryDatabase::type() const {
  constexpr size_t kMostShown = 64;
  std::string text = std::string(handle_->metadata.database_type).substr(0, kMostShown);
  std::ranges::replace_if(text, [](char c) { return c < ' ' || c > '~'; }, '?');
  return text;
}

std::string CountryDatabase::summary() const {
  const MMDB_metadata_s& about = handle_->metadata;
  // Beyond the year 9999 the text of a time is that of its end.
  constexpr uint64_t kLatest = 253'402'300'799;
  const std::chrono::seconds built(std::min(about.build_epoch, kLatest));
  return fmt::format("{}, {} nodes, built {}", type(), units::formatCount(about.node_count),
                     timestampText(built).substr(0, 10));
}

}  // namespace fairlead::firewall
