// Pages that `respond` and `error_pages` name are read before anybody asks for them.
#include "config/named_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/config/loading.h"
#include "unit/filter/flow.h"

namespace fairlead::config {
namespace {

using filter::firstFinding;
using filter::flow;

struct Row {
  const char* name;
  const char* tree;
  std::vector<std::string> read;  // beside the file itself
  const char* finding = "";
};

const std::map<std::string, std::string> kFiles{{"conf/down.html", "<h1>Down</h1>"},
                                                {"conf/pages/404.html", "<h1>Gone</h1>"},
                                                {"/srv/ok.json", "{}"},
                                                {"conf/geo.mmdb", "MaxMind"},
                                                {"conf/full", std::string(kLargestPage, 'x')},
                                                {"conf/large", std::string(kLargestPage + 1, 'x')}};

TEST(NamedFiles, PagesAreRead) {
  const Row rows[] = {
      {"respond",
       "{ paths: [{ path: /, respond: { file: pages/404.html } }] }",
       {"conf/pages/404.html"}},
      {"respond with an @", "{ respond: { file: \"@down.html\" } }", {"conf/down.html"}},
      {"an absolute name", "{ respond: { file: /srv/ok.json } }", {"/srv/ok.json"}},
      {"error pages",
       "{ hosts: [{ error_pages: { 503: \"@down.html\", 404: { file: "
       "pages/404.html }, 5xx: text } }] }",
       {"conf/down.html", "conf/pages/404.html"}},
      {"in defaults", "{ defaults: { error_pages: { 503: \"@down.html\" } } }", {"conf/down.html"}},
      {"each but once",
       "{ a: { error_pages: { 503: \"@down.html\", 502: \"@down.html\" } }, b: { "
       "respond: { file: down.html } } }",
       {"conf/down.html"}},
      {"a database", "{ geo: { database: geo.mmdb } }", {"conf/geo.mmdb"}},
      {"a missing database",
       "{ geo: { database: x } }",
       {},
       "error: cannot read `conf/x`: No such file or directory"},
      {"a database that is none", "{ geo: { database: [geo.mmdb] }, pools: { geo: {} } }", {}},
      {"none named",
       "{ respond: { body: \"@down.html\" }, error_pages: { 404: { body: x } } }",
       {}},
      {"short forms", "{ respond: 200, error_pages: off }", {}},
      {"as large as allowed", "{ respond: { file: full } }", {"conf/full"}},
      {"too large", "{ respond: { file: large } }", {}, "error: `conf/large` is larger than 1 MiB"},
      {"missing",
       "{ respond: { file: x } }",
       {},
       "error: cannot read `conf/x`: No such file or directory"},
      {"missing error page",
       "{ error_pages: { 5xx: \"@x\" } }",
       {},
       "error: cannot read `conf/x`: No such file or directory"},
      {"missing long form",
       "{ error_pages: { 5xx: { file: x } } }",
       {},
       "error: cannot read `conf/x`: No such file or directory"},
  };
  for (const Row& row : rows) {
    Diagnostics out;
    out.files.push_back({"conf/fairlead.yaml", row.tree});
    Value tree = flow(row.tree);
    readNamedFiles(tree, MapFiles(kFiles), out);
    EXPECT_EQ(firstFinding(out), row.finding) << row.name;
    std::vector<std::string> read;
    for (const Diagnostics::File& file : out.files) read.push_back(file.name);
    read.erase(read.begin());
    EXPECT_EQ(read, row.read) << row.name;
  }
}

TEST(NamedFiles, FaultsStandAtTheName) {
  const char* const text = "{ respond: { file: missing.html, status: 404 } }";
  Diagnostics out;
  out.files.push_back({"fairlead.yaml", text});
  Value tree = flow(text);
  readNamedFiles(tree, MapFiles({}), out);
  ASSERT_EQ(out.all().size(), 1u);
  EXPECT_EQ(out.all()[0].mark, (Mark{0, 1, 20, 12}));
}

TEST(NamedFiles, AreFoundByTheValueThatNamesThem) {
  Diagnostics files;
  files.files = {{"conf/fairlead.yaml", ""}, {"conf/a.html", "a"}, {"a.html", "other"}};
  const struct {
    const char* name;
    const char* text;
    const char* found;  // its text
  } rows[] = {
      {"plain", "a.html", "a"},
      {"with an @", "\"@a.html\"", "a"},
      {"one that was not read", "b.html", nullptr},
      {"nothing", "\"\"", nullptr},
  };
  for (const auto& row : rows) {
    const Diagnostics::File* const file = namedFile(flow(row.text), files);
    ASSERT_EQ(file != nullptr, row.found != nullptr) << row.name;
    if (file) EXPECT_EQ(file->text, row.found) << row.name;
  }
}

}  // namespace
}  // namespace fairlead::config
