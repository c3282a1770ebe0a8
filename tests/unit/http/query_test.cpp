// The parameters of queries: how they are told apart, compared and found.
#include "http/query.h"

#include <gtest/gtest.h>

#include <string>

namespace fairlead::http {
namespace {

struct SplitRow {
  const char* name;
  const char* query;
  const char* parts;  // each as "(name,value)"
};

const SplitRow kSplit[] = {
    {"none", "", ""},
    {"one", "a=1", "(a,1)"},
    {"several", "a=1&b=2", "(a,1)(b,2)"},
    {"without value", "a&b=", "(a,)(b,)"},
    {"empty parts", "&a&&", "(,)(a,)(,)(,)"},
    {"an = in the value", "a=b=c", "(a,b=c)"},
    {"no name", "=1", "(,1)"},
    {"a semicolon separates nothing", "a=1;b=2", "(a,1;b=2)"},
};

TEST(Query, IsSplitIntoParameters) {
  for (const SplitRow& row : kSplit) {
    std::string parts;
    forEachParam(row.query, [&](const Param& param) {
      parts += "(" + std::string(param.name()) + "," + std::string(param.value()) + ")";
    });
    EXPECT_EQ(parts, row.parts) << row.name;
  }
}

struct CompareRow {
  const char* name;
  const char* encoded;
  const char* decoded;
  bool equals;
  bool begins;
};

const CompareRow kCompared[] = {
    {"same", "abc", "abc", true, true},
    {"decoded is shorter", "abc", "ab", false, true},
    {"decoded is longer", "ab", "abc", false, false},
    {"escape", "%61%62", "ab", true, true},
    {"plus", "a+b", "a b", true, true},
    {"decoded plus is itself", "a+b", "a+b", false, false},
    {"both empty", "", "", true, true},
    {"everything begins with nothing", "a", "", false, true},
    {"bad escape is itself", "%zz", "%zz", true, true},
};

TEST(Query, ComparesDecoded) {
  for (const CompareRow& row : kCompared) {
    EXPECT_EQ(equalsDecoded(row.encoded, row.decoded), row.equals) << row.name;
    EXPECT_EQ(beginsDecoded(row.encoded, row.decoded), row.begins) << row.name;
  }
}

struct FindRow {
  const char* name;
  const char* query;
  const char* param;
  const char* found;  // nullptr: nothing
};

const FindRow kFound[] = {
    {"first of several", "a=1&b=2&a=3", "a", "a=1"},
    {"encoded name", "%61=1", "a", "%61=1"},
    {"no value", "x&a", "a", "a"},
    {"missing", "ab=1", "a", nullptr},
    {"letter case counts", "A=1", "a", nullptr},
    {"empty query", "", "a", nullptr},
    {"behind an empty part", "&a=1", "a", "a=1"},
};

TEST(Query, FindsParameters) {
  for (const FindRow& row : kFound) {
    Param found;
    ASSERT_EQ(findParam(row.query, row.param, found), row.found != nullptr) << row.name;
    if (row.found) EXPECT_EQ(found.text, row.found) << row.name;
  }
}

}  // namespace
}  // namespace fairlead::http
