// The tree that YAML text becomes: kinds, marks, variables, aliases; and bytes that no parser
// should meet.
#include "config/yaml.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "config/environment.h"
#include "unit/config/loading.h"

namespace fairlead::config {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

struct Read {
  std::optional<Value> root;
  Diagnostics out;

  const Value& at(std::string_view key) const { return *root->find(key); }
};

Read read(std::string text) {
  Read result;
  result.out.files.push_back({"test.yaml", std::move(text)});
  result.root = readYaml(0, testEnvironment, result.out);
  return result;
}

TEST(Yaml, KeepsKindsTextsAndQuotes) {
  const Read yaml = read(
      "plain: word\nquoted: \"8080\"\nsingle: 'it''s'\nnothing:\ntilde: ~\nempty: \"\"\n"
      "list: [a, b]\nmap: { a: 1 }\nblock: |\n  one\n  two\nnumber: 010\noff: off\n");
  ASSERT_TRUE(yaml.root);
  EXPECT_TRUE(yaml.out.all().empty());
  EXPECT_EQ(yaml.at("plain").text, "word");
  EXPECT_FALSE(yaml.at("plain").quoted);
  EXPECT_TRUE(yaml.at("quoted").quoted);
  EXPECT_EQ(yaml.at("single").text, "it's");
  EXPECT_EQ(yaml.at("nothing").kind, Value::Kind::Null);
  EXPECT_EQ(yaml.at("tilde").kind, Value::Kind::Null);
  EXPECT_TRUE(yaml.at("empty").isScalar());
  EXPECT_THAT(yaml.at("list").items, SizeIs(2));
  EXPECT_EQ(yaml.at("map").find("a")->text, "1");
  EXPECT_EQ(yaml.at("block").text, "one\ntwo\n");
  EXPECT_EQ(yaml.at("number").text, "010");
  EXPECT_TRUE(yaml.at("off").isOff());
}

TEST(Yaml, MarksAreExact) {
  const Read yaml = read(
      "a: hello world  # comment\n"
      "ü: { \"ключ\": [one, 'two', *x] }\n"
      "b: &y anchored\n");
  EXPECT_FALSE(yaml.root);  // *x
  EXPECT_EQ(yaml.out.all().front().mark, (Mark{0, 2, 32, 2}));

  const Read good =
      read("a: hello world  # comment\nb: &y anchored\nc: \"quo\\\"ted\"\nd:\n  - 'x'\n");
  ASSERT_TRUE(good.root);
  EXPECT_EQ(good.at("a").mark, (Mark{0, 1, 4, 11}));
  EXPECT_EQ(good.at("b").mark, (Mark{0, 2, 7, 8}));
  EXPECT_EQ(good.at("c").mark, (Mark{0, 3, 4, 10}));
  EXPECT_EQ(good.at("d").items[0].mark, (Mark{0, 5, 5, 3}));
  EXPECT_EQ(good.root->entries[1].key.mark, (Mark{0, 2, 1, 1}));
}

TEST(Yaml, AliasesAreCopies) {
  const Read yaml = read("a: &servers [one, two]\nb: *servers\n");
  ASSERT_TRUE(yaml.root);
  ASSERT_THAT(yaml.at("b").items, SizeIs(2));
  EXPECT_EQ(yaml.at("b").items[1].text, "two");
  EXPECT_EQ(yaml.at("b").items[1].mark.line, 1u);
}

TEST(Yaml, ReplacesVariablesInValues) {
  const Read yaml = read(
      "a: ${NAME}\nb: \"x-${NAME}-${PORT}\"\nc: \"${NONE:-a default}\"\nd: $${NAME}\n"
      "e: \"${PORT}\"\n${NAME}: key\nf: \"${NONE:-}\"\n");
  ASSERT_TRUE(yaml.root);
  EXPECT_TRUE(yaml.out.all().empty());
  EXPECT_EQ(yaml.at("a").text, "edge");
  EXPECT_EQ(yaml.at("b").text, "x-edge-8081");
  EXPECT_TRUE(yaml.at("b").quoted);
  EXPECT_EQ(yaml.at("c").text, "a default");
  EXPECT_EQ(yaml.at("d").text, "${NAME}");
  EXPECT_EQ(yaml.at("e").text, "8081");
  EXPECT_FALSE(yaml.at("e").quoted) << "in braces a variable cannot be written without quotes";
  EXPECT_EQ(yaml.at("${NAME}").text, "key");
  EXPECT_EQ(yaml.at("f").text, "");
}

TEST(Yaml, TakesLineEndsOfBothKinds) {
  const Read yaml = read("a: 1\r\nb: two\r\nc:\r\n  - x\r\n");
  ASSERT_TRUE(yaml.root);
  EXPECT_EQ(yaml.at("b").text, "two");
  EXPECT_EQ(yaml.at("b").mark, (Mark{0, 2, 4, 3}));
}

TEST(Yaml, RefusesBytesBeforeTheParserSeesThem) {
  const struct {
    const char* name;
    std::string text;
    const char* message;
  } rows[] = {
      {"a NUL", std::string("a: \0b\n", 6), "the control character 0x00 stands here"},
      {"an escape", "a: \x1b[31m\n", "the control character 0x1b stands here"},
      {"a lone CR", "a: b\rc: d\n", "the control character 0x0d stands here"},
      {"the library's end mark", "a: \x04 b\n", "the control character 0x04 stands here"},
      {"Latin-1", "a: m\xfcnchen\n", "this byte is not UTF-8"},
      {"an overlong form", "a: \xc0\xaf\n", "this byte is not UTF-8"},
      {"a surrogate", "a: \xed\xa0\x80\n", "this byte is not UTF-8"},
      {"cut off", "a: \xe2\x82", "this byte is not UTF-8"},
      {"UTF-16",
       std::string("\xff\xfe"
                   "a\0:\0",
                   6),
       "this byte is not UTF-8"},
      {"an indenting tab", "a:\n\tb: 1\n", "there is a tab here"},
      {"a separating tab", "a:\t1\n", "there is a tab here"},
  };
  for (const auto& row : rows) {
    const Read yaml = read(row.text);
    EXPECT_FALSE(yaml.root) << row.name;
    ASSERT_FALSE(yaml.out.all().empty()) << row.name;
    EXPECT_EQ(yaml.out.all().front().message, row.message) << row.name;
  }
}

TEST(Yaml, LetsTabsBeQuotedAndCommented) {
  EXPECT_TRUE(read("a: \"x\ty\"  # a\ttab\n").root);
  EXPECT_TRUE(read("# only\ta comment\na: 'x\ty'\n").root);
}

TEST(Yaml, LimitsWhatAliasesExpandTo) {
  std::string deep = "a0: &a0 [x]\n";
  for (int i = 1; i < 100; ++i)
    deep += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [*a" + std::to_string(i - 1) +
            "]\n";
  const Read yaml = read(deep);
  EXPECT_FALSE(yaml.root);
  EXPECT_THAT(yaml.out.all().front().message, HasSubstr("nested deeper"));
}

TEST(Yaml, LimitsItsSize) {
  const Read yaml = read(std::string((16 << 20) + 1, ' '));
  EXPECT_FALSE(yaml.root);
  EXPECT_EQ(yaml.out.all().front().message, "the file is larger than 16 MiB");
}

TEST(Yaml, ReadsAnEmptyTextAsNothing) {
  const Read yaml = read("");
  ASSERT_TRUE(yaml.root);
  EXPECT_EQ(yaml.root->kind, Value::Kind::Null);
}

TEST(Variables, AreTold) {
  const struct {
    const char* text;
    const char* result;
    bool whole;
  } rows[] = {
      {"no variable", "no variable", false}, {"${NAME}", "edge", true},
      {"a${NAME}b", "aedgeb", false},        {"${NAME}${PORT}", "edge8081", false},
      {"${NONE:-${}", "${", true},           {"$NAME $5", "$NAME $5", false},
      {"$${NAME}", "${NAME}", false},        {"x$${a}${NAME}", "x${a}edge", false},
  };
  for (const auto& row : rows) {
    const Replaced replaced = replaceVariables(row.text, testEnvironment);
    EXPECT_FALSE(replaced.fault) << row.text;
    EXPECT_EQ(replaced.text, row.result) << row.text;
    EXPECT_EQ(replaced.whole, row.whole) << row.text;
  }
}

}  // namespace
}  // namespace fairlead::config
