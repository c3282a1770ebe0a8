// Rules about countries: who is refused, who is exempt, and which faults are told.
#include "firewall/country_rules.h"

#include <gtest/gtest.h>

#include "unit/firewall/asked.h"
#include "unit/firewall/database_file.h"

namespace fairlead::firewall {
namespace {

using filter::flow;

Geo smallGeo() {
  return {.is_named = true,
          .name = {},
          .database = std::make_shared<LiveDatabase>("geo.mmdb", 1, 0,
                                                     *CountryDatabase::open(smallDatabase()))};
}

FirewallRules rulesWith(const Geo& geo, std::string_view text, Diagnostics& out) {
  Lists lists;
  FirewallRules rules;
  rules.read(flow(text), {readPlainHost, lists, geo, out});
  return rules;
}

FirewallRules rulesWith(const Geo& geo, std::string_view text) {
  Diagnostics out;
  FirewallRules rules = rulesWith(geo, text, out);
  EXPECT_EQ(filter::firstFinding(out), "") << text;
  return rules;
}

constexpr const char* kGerman = "198.51.100.7";
constexpr const char* kChinese = "203.0.113.7";
constexpr const char* kUnknown = "10.0.0.1";

TEST(CountryRules, Judge) {
  const struct {
    const char* name;
    const char* rules;
    const char* client;
    const char* rule;
  } rows[] = {
      {"rejected", "{ country_reject: [NO, CN] }", kChinese, "firewall country_reject CN"},
      {"one value", "{ country_reject: CN }", kChinese, "firewall country_reject CN"},
      {"small letters", "{ country_reject: [cn] }", kChinese, "firewall country_reject CN"},
      {"not rejected", "{ country_reject: [NO, CN] }", kGerman, ""},
      {"unknown is not rejected", "{ country_reject: [CN] }", kUnknown, ""},
      {"allowed", "{ country_allow: [DE] }", kGerman, ""},
      {"not allowed", "{ country_allow: [DE, NO] }", kChinese, "firewall country_allow"},
      {"unknown is not allowed", "{ country_allow: [DE] }", kUnknown, "firewall country_allow"},
      {"both: rejected", "{ country_allow: [DE], country_reject: [CN] }", kChinese,
       "firewall country_reject CN"},
      {"both: neither", "{ country_allow: [DE], country_reject: [CN] }", "192.0.2.1",
       "firewall country_allow"},
      {"both: allowed", "{ country_allow: [DE], country_reject: [CN] }", kGerman, ""},
      {"mapped", "{ country_reject: [CN] }", "::ffff:203.0.113.7", "firewall country_reject CN"},
      {"IPv6", "{ country_reject: [CN] }", "2001:db8:7::1", "firewall country_reject CN"},
      {"exempt from a reject", "{ country_reject: [CN], ip_allow: [203.0.113.7] }", kChinese, ""},
      {"exempt from an allow", "{ country_allow: [DE], ip_allow: [10.0.0.0/8] }", kUnknown, ""},
      {"addresses come first", "{ country_reject: [CN], ip_reject: [203.0.113.0/24] }", kChinese,
       "firewall ip_reject 203.0.113.0/24"},
      {"an address refused where its country is allowed",
       "{ country_allow: [DE], ip_reject: [198.51.100.7] }", kGerman,
       "firewall ip_reject 198.51.100.7/32"},
      {"another address is no exception", "{ country_reject: [CN], ip_allow: [203.0.113.8] }",
       kChinese, "firewall country_reject CN"},
      {"countries before paths", "{ country_reject: [CN], path_reject: [/] }", kChinese,
       "firewall country_reject CN"},
      {"allowed, but not everywhere", "{ country_allow: [DE], path_reject: [/] }", kGerman,
       "firewall path_reject /"},
  };
  const Geo geo = smallGeo();
  for (const auto& row : rows) {
    const FirewallRules rules = rulesWith(geo, row.rules);
    EXPECT_EQ(Asked("/").client(row.client).hitBy(rules), row.rule) << row.name;
  }
}

TEST(CountryRules, HitsHavePlaces) {
  const FirewallRules rules =
      rulesWith(smallGeo(), "{ country_reject: [NO, CN], country_allow: [DE] }");
  Asked chinese("/");
  chinese.client(kChinese);
  const auto rejected = rules.findHit(chinese.question());
  ASSERT_TRUE(rejected);
  EXPECT_EQ(rejected->origin, (Mark{0, 1, 24, 2}));
  EXPECT_EQ(rejected->counted, rejected->origin);
  Asked unknown("/");
  unknown.client(kUnknown);
  const auto not_allowed = rules.findHit(unknown.question());
  ASSERT_TRUE(not_allowed);
  EXPECT_EQ(not_allowed->of, Hit::Of::Client);
  EXPECT_EQ(not_allowed->origin, (Mark{0, 1, 44, 4}));
}

TEST(CountryRules, AddUp) {
  const Geo geo = smallGeo();
  Diagnostics out;
  Lists lists;
  FirewallRules rules;
  for (const char* text : {"{ country_allow: [NO] }", "{    country_allow: [de, NO] }"})
    rules.read(flow(text), {readPlainHost, lists, geo, out});
  EXPECT_EQ(filter::firstFinding(out), "");
  EXPECT_EQ(Asked("/").client(kGerman).hitBy(rules), "");
  EXPECT_EQ(Asked("/").client("192.0.2.1").hitBy(rules), "");
  EXPECT_EQ(Asked("/").client(kChinese).hitBy(rules), "firewall country_allow");
  const Value shown = rules.show();
  const Value* list = shown.find("country_allow");
  ASSERT_TRUE(list && list->items.size() == 2);
  EXPECT_EQ(list->items[0].text, "NO");
  EXPECT_EQ(list->items[1].text, "DE");
  EXPECT_EQ(shown.find("country_reject"), nullptr);
}

TEST(CountryRules, SeeANewDatabase) {
  const Geo geo = smallGeo();
  const FirewallRules rules = rulesWith(geo, "{ country_reject: [CN] }");
  EXPECT_EQ(Asked("/").client(kUnknown).hitBy(rules), "");
  DatabaseFile next;
  next.add("10.0.0.0/8", mmdb::country("CN"));
  const auto old = geo.database->replace(*CountryDatabase::open(next.bytes()));
  EXPECT_EQ(Asked("/").client(kUnknown).hitBy(rules), "firewall country_reject CN");
  EXPECT_EQ(Asked("/").client(kChinese).hitBy(rules), "");
}

TEST(CountryRules, NoteTheCountry) {
  const FirewallRules rules = rulesWith(smallGeo(), "{ country_reject: [CN] }");
  const struct {
    const char* client;
    const char* note;
  } rows[] = {{kGerman, "198.51.100.7 is of DE"}, {kUnknown, "the country of 10.0.0.1 is unknown"}};
  for (const auto& row : rows) {
    filter::Notes notes;
    Asked asked("/");
    asked.client(row.client);
    EXPECT_FALSE(rules.findHit(asked.question(&notes)));
    ASSERT_EQ(notes.lines.size(), 1u);
    EXPECT_EQ(notes.lines[0], row.note);
  }
}

TEST(CountryRules, TellFaults) {
  const struct {
    const char* name;
    const char* rules;
    const char* finding;
    bool has_geo = true;
  } rows[] = {
      {"a name", "{ country_reject: [Germany] }", "error: `Germany` is no country code"},
      {"three letters", "{ country_allow: [DEU] }", "error: `DEU` is no country code"},
      {"a mapping", "{ country_reject: { CN: true } }", "error: this cannot be a mapping"},
      {"nobody", "{ country_allow: [] }", "error: this would refuse everybody"},
      {"nothing to reject", "{ country_reject: [] }", ""},
      {"twice", "{ country_reject: [CN, cn] }", ""},
      {"in both lists", "{ country_reject: [CN], country_allow: [cn] }",
       "error: `CN` is both rejected and allowed"},
      {"no database", "{ country_reject: [CN] }", "error: there is no database of countries",
       false},
  };
  const Geo geo = smallGeo();
  for (const auto& row : rows) {
    Diagnostics out;
    rulesWith(row.has_geo ? geo : Geo(), row.rules, out);
    EXPECT_EQ(filter::firstFinding(out), row.finding) << row.name;
  }
}

TEST(CountryRules, TellBothPlacesOfOneCountry) {
  Diagnostics out;
  rulesWith(smallGeo(), "{ country_allow: [DE, CN], country_reject: [CN] }", out);
  ASSERT_EQ(out.all().size(), 1u);
  EXPECT_EQ(out.all()[0].mark.column, 45u);
  EXPECT_EQ(out.all()[0].also->column, 23u);
}

TEST(CountryRules, SayNothingOfADatabaseThatIsBroken) {
  Diagnostics out;
  rulesWith({.is_named = true, .name = {}, .database = nullptr}, "{ country_reject: [CN] }", out);
  EXPECT_TRUE(out.all().empty());
}

}  // namespace
}  // namespace fairlead::firewall
