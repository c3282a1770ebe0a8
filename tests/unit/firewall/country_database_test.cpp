// Databases of countries: what they say of addresses, and what becomes of broken ones.
#include "firewall/country_database.h"

#include <gtest/gtest.h>
#if __has_feature(address_sanitizer)
#include <sanitizer/lsan_interface.h>
#endif

#include "base/random.h"
#include "unit/firewall/database_file.h"

namespace fairlead::firewall {
namespace {

std::unique_ptr<const CountryDatabase> opened(std::string_view bytes) {
  auto database = CountryDatabase::open(bytes);
  EXPECT_TRUE(database) << database.error();
  return database ? *std::move(database) : nullptr;
}

std::string countryOf(const CountryDatabase& database, std::string_view address) {
  const auto country = database.countryOf(*IpAddress::parse(address));
  return country ? std::string(country->text()) : "";
}

TEST(CountryCode, IsTwoLetters) {
  const struct {
    const char* text;
    const char* code;  // "" for none
  } rows[] = {{"DE", "DE"}, {"de", "DE"}, {"zZ", "ZZ"}, {"", ""},         {"D", ""},  {"DEU", ""},
              {"D1", ""},   {"D ", ""},   {"[[", ""},   {"\xC4\x8C", ""}, {"@A", ""}, {"a`", ""}};
  for (const auto& row : rows) {
    const auto code = CountryCode::parse(row.text);
    EXPECT_EQ(code ? code->text() : "", row.code) << row.text;
  }
}

TEST(CountryDatabase, KnowsAddresses) {
  const auto database = opened(smallDatabase());
  ASSERT_TRUE(database);
  const struct {
    const char* name;
    const char* address;
    const char* country;
  } rows[] = {
      {"first of a network", "198.51.100.0", "DE"},
      {"last of a network", "198.51.100.255", "DE"},
      {"behind it", "198.51.101.0", ""},
      {"half a network", "192.0.2.127", "NO"},
      {"the other half", "192.0.2.128", ""},
      {"mapped", "::ffff:203.0.113.9", "CN"},
      {"IPv6", "2001:db8::1", "DE"},
      {"longer prefix", "2001:db8:7::1", "CN"},
      {"other IPv6", "2001:db9::", ""},
      {"nothing", "::", ""},
  };
  for (const auto& row : rows)
    EXPECT_EQ(countryOf(*database, row.address), row.country) << row.name;
}

TEST(CountryDatabase, ReadsWhatMakesSense) {
  using namespace mmdb;
  const auto of = [](const std::string& value, const char* key = "country") {
    return map({{key, map({{"iso_code", value}})}});
  };
  const struct {
    const char* name;
    std::string value;
    const char* country;
  } rows[] = {
      {"registered only", of(text("FR"), "registered_country"), "FR"},
      {"both",
       map({{"registered_country", map({{"iso_code", text("US")}})},
            {"country", map({{"iso_code", text("FR")}})}}),
       "FR"},
      {"country of nonsense, registered",
       map({{"country", map({{"iso_code", text("F")}})},
            {"registered_country", map({{"iso_code", text("US")}})}}),
       "US"},
      {"small letters", of(text("fr")), "FR"},
      {"three letters", of(text("FRA")), ""},
      {"digits", of(text("12")), ""},
      {"no text", of(number(6, 7, 4)), ""},
      {"a map", of(map({})), ""},
      {"another map", map({{"country", text("FR")}}), ""},
      {"no map", text("FR"), ""},
      {"nothing", map({}), ""},
      {"more than there is",
       std::string("\xE1\x47"
                   "coun"),
       ""},
      {"a pointer to nowhere", map({{"country", "\x37\xFF\xFF\xFF"}}), ""},
      {"a pointer to itself", map({{"country", std::string("\x20\x00", 2)}}), ""},
  };
  for (const auto& row : rows) {
    DatabaseFile file;
    file.add("10.0.0.0/8", row.value);
    file.add("192.0.2.0/24", country("DE"));
    const auto database = opened(file.bytes());
    ASSERT_TRUE(database) << row.name;
    EXPECT_EQ(countryOf(*database, "10.1.2.3"), row.country) << row.name;
    EXPECT_EQ(countryOf(*database, "192.0.2.1"), "DE") << row.name;
  }
}

TEST(CountryDatabase, MayKnowIpv4Only) {
  DatabaseFile file;
  file.ip_version = 4;
  file.add("192.0.2.0/24", mmdb::country("DE"));
  const auto database = opened(file.bytes());
  ASSERT_TRUE(database);
  EXPECT_EQ(countryOf(*database, "192.0.2.1"), "DE");
  EXPECT_EQ(countryOf(*database, "::ffff:192.0.2.1"), "DE");
  EXPECT_EQ(countryOf(*database, "2001:db8::1"), "");
}

TEST(CountryDatabase, TellsWhatItIs) {
  DatabaseFile file;
  file.ip_version = 4;
  file.type = "Geo\nLite";
  file.add("192.0.2.0/24", mmdb::country("DE"));
  const auto database = opened(file.bytes());
  ASSERT_TRUE(database);
  EXPECT_EQ(database->summary(), "Geo?Lite, 24 nodes, built 2026-11-01");
  file.built = UINT64_MAX;
  EXPECT_EQ(opened(file.bytes())->summary(), "Geo?Lite, 24 nodes, built 9999-12-31");
}

TEST(CountryDatabase, TellsFaults) {
  DatabaseFile owners;
  owners.type = "Test-ASN";
  owners.add("10.0.0.0/8", mmdb::map({{"autonomous_system_number", mmdb::number(6, 64496, 4)}}));
  std::string version_3 = smallDatabase();
  const std::string_view major = "binary_format_major_version";
  version_3[version_3.find(major) + major.size() + 2] = 3;
  const struct {
    const char* name;
    std::string bytes;
    const char* sentence;
  } rows[] = {
      {"empty", "", "it is empty"},
      {"a text", "10.0.0.0/8 DE\n", "it is no MaxMind database, or its end is missing"},
      {"its end alone", smallDatabase().substr(smallDatabase().find("\xAB\xCD")),
       "it is no MaxMind database, or its end is missing"},
      {"half", smallDatabase().substr(0, smallDatabase().size() / 2),
       "it is no MaxMind database, or its end is missing"},
      {"another version", version_3, "its format is not version 2 of MaxMind's"},
      {"of owners", owners.bytes(), "there is no country in it; its type is Test-ASN"},
      {"of nothing", DatabaseFile().bytes(), "there is no country in it; its type is Test-Country"},
  };
  for (const auto& row : rows) {
    const auto database = CountryDatabase::open(row.bytes);
    EXPECT_EQ(database ? "opened" : database.error(), row.sentence) << row.name;
  }
}

// libmaxminddb 1.7 leaks some 5 KB when it refuses a database whose languages or descriptions are
// damaged; nobody can free them.
struct LeaksOfTheLibrary {
#if __has_feature(address_sanitizer)
  __lsan::ScopedDisabler ignored;
#endif
};

// Whatever it says of addresses then, asking is safe.
void tryAll(std::string_view bytes) {
  [[maybe_unused]] const LeaksOfTheLibrary leaks;
  const auto database = CountryDatabase::open(bytes);
  if (!database) return;
  EXPECT_FALSE((*database)->summary().empty());
  for (const char* address : {"198.51.100.1", "203.0.113.1", "192.0.2.1", "0.0.0.0",
                              "255.255.255.255", "2001:db8::1", "2001:db8:7::1", "::", "ffff::"})
    countryOf(**database, address);
}

TEST(CountryDatabase, SurvivesEachEnd) {
  const std::string bytes = smallDatabase();
  for (size_t size = 0; size < bytes.size(); ++size) {
    SCOPED_TRACE(size);
    tryAll(std::string_view(bytes).substr(0, size));
    tryAll(std::string_view(bytes).substr(size));
  }
}

TEST(CountryDatabase, SurvivesDamage) {
  const std::string good = smallDatabase();
  Random random(7);
  for (int i = 0; i < 10'000; ++i) {
    std::string bytes = good;
    for (uint64_t n = 1 + random.below(4); n > 0; --n) {
      // Half of the damage where sizes and types stand.
      const size_t tail = random.below(2) == 0 ? 0 : bytes.size() - 300;
      bytes[tail + random.below(bytes.size() - tail)] = static_cast<char>(random.below(256));
    }
    tryAll(bytes);
  }
}

}  // namespace
}  // namespace fairlead::firewall
