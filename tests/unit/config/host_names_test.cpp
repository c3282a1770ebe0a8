// Names of hosts in Unicode: their ASCII form, and what is wrong with those that have none.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "unit/config/loading.h"

namespace fairlead::config {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

Loaded loadHost(const std::string& name) {
  return loadWith("hosts: [{ host: \"" + name + "\", servers: [a:1] }]\n");
}

TEST(InternationalNames, AreMatchedInTheirAsciiForm) {
  const struct {
    const char* name;
    const char* given;
    const char* host;
  } rows[] = {
      {"a name", "müller.de", "xn--mller-kva.de"},
      {"upper case", "MÜLLER.De", "xn--mller-kva.de"},
      {"trailing dot", "müller.de.", "xn--mller-kva.de"},
      {"decomposed letters", "mu\u0308ller.de", "xn--mller-kva.de"},
      {"wildcard", "*.bücher.example", "*.xn--bcher-kva.example"},
      {"ideographic full stops", "例え。テスト。", "xn--r8jz45g.xn--zckzah"},
      {"full-width letters and stop", "ｗｗｗ．example.com", "www.example.com"},
      {"half-width stop", "bücher｡example", "xn--bcher-kva.example"},
      {"non-transitional", "faß.de", "xn--fa-hia.de"},
      {"beside an ASCII form", "xn--mller-kva.müller.de", "xn--mller-kva.xn--mller-kva.de"},
      {"soft hyphens are nothing", "mül\u00adler.de", "xn--mller-kva.de"},
  };
  for (const auto& row : rows) {
    const Loaded loaded = loadHost(row.given);
    ASSERT_TRUE(loaded.config) << row.name << renderText(loaded.diagnostics);
    EXPECT_THAT(loaded.config->hosts.at(0).names, ElementsAre(row.host)) << row.name;
  }
}

TEST(InternationalNames, ThatCannotBeSayWhy) {
  std::string long_label;
  for (int i = 0; i < 60; ++i) long_label += "ü";
  std::string long_name = "ü";
  for (int i = 0; i < 26; ++i) long_name += ".abcdefghi";
  const std::string very_long_name = "ü" + std::string(2000, 'a');
  const struct {
    const char* name;
    std::string given;
    std::string fault;  // the part with the caret, then the words
  } rows[] = {
      {"underscore", "www.mü_ller.de", "_: this cannot stand in an international host name"},
      {"blank", "mü ller.de", " : this cannot stand in an international host name"},
      {"star inside", "ü.*.de", "*: this cannot stand in an international host name"},
      {"hyphen at the end", "www.mü-.de", "mü-: a label cannot begin or end with `-`"},
      {"hyphen at the beginning", "-mü.de", "-mü: a label cannot begin or end with `-`"},
      {"two hyphens", "mü--x.de",
       "mü--x: a label cannot have `--` as its third and fourth character"},
      {"symbol", "*.☃.net", "☃: this label has a character that host names cannot have"},
      {"behind an ideographic stop", "müller。☃。net",
       "☃: this label has a character that host names cannot have"},
      {"what the STD3 rules would drop", "ü≠.de",
       "ü≠: this label has a character that host names cannot have"},
      {"what stands for a slash", "x℀.de",
       "x℀: this label has a character that host names cannot have"},
      {"combining mark first", "\u0301a.de", "\u0301a: a label cannot begin with a combining mark"},
      {"joiner", "a\u200db.de", "a\u200db: this label has a joiner where none can stand"},
      {"directions", "אa.de", "אa: this label mixes writing directions"},
      {"no punycode", "xn--zz.ü", "xn--zz: this is not the ASCII form of any label"},
      {"long label", long_label + ".de",
       long_label + ": this label is longer than 63 characters in its ASCII form"},
      {"very long name", very_long_name,
       very_long_name + ": the name is longer than 253 characters in its ASCII form"},
      {"long name", long_name,
       long_name + ": the name is longer than 253 characters in its ASCII form"},
  };
  for (const auto& row : rows) {
    const Loaded loaded = loadHost(row.given);
    ASSERT_THAT(loaded.diagnostics.all(), SizeIs(1)) << row.name;
    const Diagnostic& finding = loaded.diagnostics.all().front();
    const std::string part =
        loaded.diagnostics.files[0].text.substr(finding.mark.column - 1, finding.mark.length);
    const std::string told = "`" + row.given + "` is not a host: ";
    ASSERT_TRUE(finding.message.starts_with(told)) << row.name << "\n" << finding.message;
    EXPECT_EQ(part + ": " + finding.message.substr(told.size()), row.fault) << row.name;
  }
}

TEST(HostNames, HaveNoEmptyLabel) {
  for (const char* given :
       {"ü..de", ".ü.de", "ü。。", "\u00ad", "ü.\u00ad.de", "a..", "a..b", "."}) {
    const Loaded loaded = loadHost(given);
    ASSERT_THAT(loaded.diagnostics.all(), SizeIs(1)) << given;
    EXPECT_EQ(loaded.diagnostics.all()[0].message, "`" + std::string(given) + "` is not a host");
  }
}

TEST(InternationalNames, StandTwiceInTwoSpellings) {
  const Loaded loaded =
      loadWith("hosts: [{ host: [müller.de, xn--mller-kva.de], servers: [a:1] }]\n");
  ASSERT_THAT(loaded.diagnostics.all(), SizeIs(1));
  EXPECT_EQ(loaded.diagnostics.all()[0].message, "the host `xn--mller-kva.de` stands twice");
}

}  // namespace
}  // namespace fairlead::config
