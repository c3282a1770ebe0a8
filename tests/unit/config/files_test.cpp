// A configuration of several files: includes, lists, pages, and relative names.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/config/good.h"
#include "unit/firewall/asked.h"
#include "unit/firewall/database_file.h"

namespace fairlead::config {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

TEST(ConfigFiles, NamesAreRelativeToTheFileThatHasThem) {
  const Loaded loaded =
      loadText("/etc/fairlead/main.yaml",
               "log: access.log\nlisten: \"unix:web.sock\"\n" + std::string(kRoute),
               testEnvironment, MapFiles({}));
  ASSERT_TRUE(loaded.config) << renderText(loaded.diagnostics);
  EXPECT_EQ(loaded.config->log.access.value.file, "/etc/fairlead/access.log");
  EXPECT_EQ(loaded.config->listens[0].unix_path, "/etc/fairlead/web.sock");
}

TEST(ConfigFiles, PagesAreRelativeToTheFileThatNamesThem) {
  const Loaded loaded =
      loadWith("include: [conf.d/a.yaml]\npaths: [{ path: /m, respond: { file: m.txt } }]\n",
               {{"conf.d/a.yaml", "paths: [{ path: /a, respond: { file: pages/a.txt } }]\n"},
                {"conf.d/pages/a.txt", "included"},
                {"m.txt", "main"}});
  ASSERT_TRUE(loaded.config) << renderText(loaded.diagnostics);
  Arena arena;
  const filter::ClientFacts client;
  std::map<std::string, std::string> bodies;
  for (const Route& route : loaded.config->routes)
    bodies[route.match.path] =
        std::get<filter::Respond>(route.destination).answer({client, arena}).body;
  EXPECT_EQ(bodies, (std::map<std::string, std::string>{{"/a", "included"}, {"/m", "main"}}));
}

TEST(ConfigFiles, IncludesAddHostsPathsAndPools) {
  const std::map<std::string, std::string> files{
      {"conf.d/b.yaml", "paths: [{ path: /b, pool: shared }]\n"},
      {"conf.d/a.yaml",
       "pools: { shared: { servers: [a:1] } }\nhosts: [{ host: a.example, pool: main }]\n"},
      {"conf.d/c.txt", "not read"}};
  const Config config = good(
      "include: [conf.d/*.yaml]\npools: { main: { servers: [m:1] } }\n"
      "paths: [{ path: /main, pool: shared }]\n",
      files);
  EXPECT_THAT(routeNames(config), ElementsAre("a.example /", "/main", "/b"));
  EXPECT_EQ(config.routes[2].mark.file, 2u);
}

TEST(ConfigFiles, IncludedFilesHaveTheirOwnFaults) {
  const std::map<std::string, std::string> files{
      {"conf.d/a.yaml",
       "listen: 80\npools: { main: { servers: [a:1] } }\nhosts: [{ host: x, pool: man }]\n"}};
  const Loaded loaded = loadWith(
      "include: conf.d/a.yaml\npools: { main: { servers: [m:1] } }\npaths: [{ path: /, pool: main "
      "}]\n",
      files);
  EXPECT_FALSE(loaded.config);
  EXPECT_EQ(renderText(loaded.diagnostics),
            R"(conf.d/a.yaml:1:1: error: `listen` cannot stand here
   1 | listen: 80
     | ^^^^^^
     = expected `listen` in the main file

conf.d/a.yaml:2:10: error: the pool `main` exists already
   2 | pools: { main: { servers: [a:1] } }
     |          ^^^^
fairlead.yaml:2:10: note: it is declared here
   2 | pools: { main: { servers: [m:1] } }
     |          ^^^^

conf.d/a.yaml:3:26: error: there is no pool `man`
   3 | hosts: [{ host: x, pool: man }]
     |                          ^^^
     = did you mean `main`?

3 errors
)");
}

TEST(ConfigFiles, ListsMayStandInFiles) {
  const std::string text =
      "trusted_proxies: \"@lists/proxies\"\nfirewall_rules: { ip_reject: [192.0.2.1, "
      "\"@lists/bad\"] }\n" +
      std::string(kRoute);
  const Loaded good_lists =
      loadWith(text, {{"lists/proxies", "10.0.0.0/8\n"},
                      {"lists/bad", "# spam\r\n\r\n198.51.100.7 # one\r\n2001:db8::/32"}});
  ASSERT_TRUE(good_lists.config) << renderText(good_lists.diagnostics);
  const Value rules = good_lists.config->firewall.show();
  const Value* rejected = rules.find("ip_reject");
  ASSERT_NE(rejected, nullptr);
  ASSERT_THAT(rejected->items, SizeIs(2));
  EXPECT_EQ(rejected->items[1].text, "@lists/bad");
  EXPECT_EQ(placeText(rejected->items[1].mark, good_lists.diagnostics), "fairlead.yaml:2");
  firewall::Asked asked("/");
  const auto spam = good_lists.config->firewall.findHit(asked.client("198.51.100.7").question());
  ASSERT_TRUE(spam);
  EXPECT_EQ(placeText(spam->origin, good_lists.diagnostics), "lists/bad:3");
  EXPECT_THAT(good_lists.config->trusted_proxies.show().items, SizeIs(1));

  const Loaded bad_lists = loadWith(text, {{"lists/bad", "  10.1.2.3/8\n"}});
  EXPECT_EQ(renderText(bad_lists.diagnostics),
            R"(fairlead.yaml:1:18: error: cannot read `lists/proxies`: No such file or directory
   1 | trusted_proxies: "@lists/proxies"
     |                  ^^^^^^^^^^^^^^^^
     = expected a file with one entry a line

lists/bad:1:3: error: `10.1.2.3/8` has host bits set beyond its prefix
   1 |   10.1.2.3/8
     |   ^^^^^^^^^^
     = expected an address or a network, such as 10.0.0.1, 10.0.0.0/8 or "2001:db8::/32"
     = did you mean `10.0.0.0/8`?

2 errors
)");
}

TEST(ConfigFiles, ADatabaseOfCountriesIsAFile) {
  const std::string text =
      "geo: { database: data/geo.mmdb }\nfirewall_rules: { country_reject: [CN] }\n" +
      std::string(kRoute);
  const Loaded loaded = loadWith(text, {{"data/geo.mmdb", firewall::smallDatabase()}});
  ASSERT_TRUE(loaded.config) << renderText(loaded.diagnostics);
  const auto& database = loaded.config->geo.database;
  ASSERT_TRUE(database);
  EXPECT_EQ(database->name(), "data/geo.mmdb");
  EXPECT_EQ(loaded.config->files.at(database->file()), "data/geo.mmdb");
  EXPECT_EQ(loaded.diagnostics.files[database->file()].text, "") << "kept twice";
  EXPECT_TRUE(database->current()->countryOf(*IpAddress::parse("203.0.113.1")));

  EXPECT_EQ(
      renderText(loadWith(text, {{"data/geo.mmdb", "203.0.113.0/24 CN\n"}}).diagnostics),
      R"(fairlead.yaml:1:18: error: cannot use `data/geo.mmdb`: it is no MaxMind database, or its end is missing
   1 | geo: { database: data/geo.mmdb }
     |                  ^^^^^^^^^^^^^
     = expected a MaxMind database such as GeoLite2-Country.mmdb

1 error
)");
}

TEST(ConfigFiles, AFileThatIsNotThereIsOneFinding) {
  const Loaded loaded = loadFile("/nonexistent/fairlead.yaml", testEnvironment);
  EXPECT_FALSE(loaded.config);
  EXPECT_EQ(
      renderText(loaded.diagnostics),
      "/nonexistent/fairlead.yaml: error: cannot be read: No such file or directory\n\n1 error\n");
  EXPECT_FALSE(loadFile("/", testEnvironment).config);
}

TEST(ConfigFiles, AByteOrderMarkIsNoText) {
  EXPECT_THAT(good("\xEF\xBB\xBF" + std::string(kRoute)).routes, SizeIs(1));
}

}  // namespace
}  // namespace fairlead::config
