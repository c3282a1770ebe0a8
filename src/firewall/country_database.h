// Which country an address is of, as a MaxMind database (format 2) says.
#pragma once

#include <array>
#include <compare>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/ip_address.h"
#include "base/settings.h"
#include "firewall/live_file.h"

struct MMDB_s;
struct MMDB_entry_s;

namespace fairlead::firewall {

// Two letters of ISO 3166-1, in capitals.
class CountryCode {
 public:
  // Letters of either case; nothing for any other text.
  static std::optional<CountryCode> parse(std::string_view text);

  std::string_view text() const { return {letters_.data(), letters_.size()}; }
  friend auto operator<=>(const CountryCode&, const CountryCode&) = default;

 private:
  std::array<char, 2> letters_{};
};

// Immutable; any thread may ask.
class CountryDatabase {
 public:
  // `bytes` of the file; they are copied, because what is mapped from a file that somebody
  // overwrites ends the process. Else a sentence about "it": "it is no MaxMind database".
  static std::expected<std::unique_ptr<const CountryDatabase>, std::string> open(
      std::string_view bytes);

  CountryDatabase(const CountryDatabase&) = delete;
  CountryDatabase& operator=(const CountryDatabase&) = delete;

  // Where the address is, else where it is registered. Nothing when the database does not say, or
  // says it in a way that makes no sense. Allocates nothing.
  std::optional<CountryCode> countryOf(const IpAddress& address) const;

  // "GeoLite2-Country, 12,345 nodes, built 2026-11-01"
  std::string summary() const;

 private:
  struct Close {
    void operator()(MMDB_s* database) const;
  };
  using Handle = std::unique_ptr<MMDB_s, Close>;

  explicit CountryDatabase(Handle handle) : handle_(std::move(handle)) {}
  static std::optional<CountryCode> countryIn(MMDB_entry_s& entry);
  bool hasCountries() const;
  std::string type() const;

  Handle handle_;
};

using LiveDatabase = LiveFile<CountryDatabase>;

// What `geo` says.
struct Geo {
  bool is_named = false;                   // there is a `geo`; what is wrong with it is told
  Setting<std::string> name;               // of the file, as written
  std::shared_ptr<LiveDatabase> database;  // null: none is named, or it cannot be used
};

}  // namespace fairlead::firewall
