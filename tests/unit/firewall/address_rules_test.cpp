// Address rules of a level: lists in files beside inline entries, and the files themselves.
#include "firewall/address_rules.h"

#include <gtest/gtest.h>

#include <utility>

#include "unit/filter/flow.h"
#include "unit/filter/flow_text.h"

namespace fairlead::firewall {
namespace {

using filter::firstFinding;
using filter::flow;
using filter::flowText;

using Texts = std::vector<std::pair<const char*, const char*>>;

// The configuration is file 0, `texts` are the others.
Diagnostics filesOf(const Texts& texts) {
  Diagnostics out;
  out.files.push_back({"fairlead.yaml", ""});
  for (const auto& [name, text] : texts) out.files.push_back({name, text});
  return out;
}

AddressRules rulesOf(const char* reject, const char* allow, Lists& lists, Diagnostics& out) {
  AddressRules rules;
  rules.read(flow(reject), false, lists, out);
  rules.read(flow(allow), true, lists, out);
  return rules;
}

// "reject 10.0.0.0/8 at 1:2:3 by 0:1:1, firewall ip_reject @a"
std::string told(const std::optional<AddressRules::Found>& found) {
  if (!found) return {};
  const auto place = [](const Mark& mark) {
    return std::to_string(mark.file) + ":" + std::to_string(mark.line) + ":" +
           std::to_string(mark.column);
  };
  return std::string(found->allow ? "allow " : "reject ") + found->cidr.text() + " at " +
         place(found->mark) + " by " + place(found->rule) + ", " + std::string(found->name);
}

struct FindRow {
  const char* name;
  Texts texts;
  const char* reject;
  const char* allow;
  const char* client;
  const char* told;
};

const FindRow kRows[] = {
    {"inline",
     {},
     "[10.0.0.0/8, 10.1.0.0/16]",
     "[]",
     "10.1.2.3",
     "reject 10.1.0.0/16 at 0:1:14 by 0:1:14, firewall ip_reject 10.1.0.0/16"},
    {"a line of a file",
     {{"a", "# bad\n  10.0.0.0/8  # worse\n"}},
     "[\"@a\"]",
     "[]",
     "10.1.2.3",
     "reject 10.0.0.0/8 at 1:2:3 by 0:1:2, firewall ip_reject @a"},
    {"a file alone",
     {{"a", "::1"}},
     "\"@a\"",
     "[]",
     "::1",
     "reject ::1/128 at 1:1:1 by 0:1:1, firewall ip_reject @a"},
    {"no list has it", {{"a", "::1"}}, "[\"@a\", 10.0.0.0/8]", "[]", "::2", ""},
    {"the longer one of a file",
     {{"a", "10.1.0.0/16"}},
     "[10.0.0.0/8, \"@a\"]",
     "[]",
     "10.1.2.3",
     "reject 10.1.0.0/16 at 1:1:1 by 0:1:14, firewall ip_reject @a"},
    {"the longer one inline",
     {{"a", "10.0.0.0/8"}},
     "[\"@a\", 10.1.0.0/16]",
     "[]",
     "10.1.2.3",
     "reject 10.1.0.0/16 at 0:1:8 by 0:1:8, firewall ip_reject 10.1.0.0/16"},
    {"equal, allowed inline",
     {{"a", "10.0.0.0/8"}},
     "[\"@a\"]",
     "[10.0.0.0/8]",
     "10.1.2.3",
     "allow 10.0.0.0/8 at 0:1:2 by 0:1:2, firewall ip_allow 10.0.0.0/8"},
    {"equal, allowed by a file",
     {{"a", "10.0.0.0/8"}},
     "[10.0.0.0/8]",
     "[\"@a\"]",
     "10.1.2.3",
     "allow 10.0.0.0/8 at 1:1:1 by 0:1:2, firewall ip_allow @a"},
    {"equal, both inline",
     {},
     "[10.0.0.0/8]",
     "[10.0.0.0/8]",
     "10.1.2.3",
     "allow 10.0.0.0/8 at 0:1:2 by 0:1:2, firewall ip_allow 10.0.0.0/8"},
    {"equal, both the same file",
     {{"a", "10.0.0.0/8"}},
     "[\"@a\"]",
     "[\"@a\"]",
     "10.1.2.3",
     "allow 10.0.0.0/8 at 1:1:1 by 0:1:2, firewall ip_allow @a"},
    {"an exception of a file to a file",
     {{"a", "10.0.0.0/8\n10.1.2.3"}, {"b", "10.1.0.0/16"}},
     "[\"@a\"]",
     "[\"@b\"]",
     "10.1.2.3",
     "reject 10.1.2.3/32 at 1:2:1 by 0:1:2, firewall ip_reject @a"},
    {"equal, the first file",
     {{"a", "10.0.0.0/8"}, {"b", "10.0.0.0/8"}},
     "[\"@b\", \"@a\"]",
     "[]",
     "10.1.2.3",
     "reject 10.0.0.0/8 at 2:1:1 by 0:1:2, firewall ip_reject @b"},
    {"CRLF, blank lines and a byte order mark",
     {{"a", "\xEF\xBB\xBF# x\r\n\r\n\t10.0.0.0/8\t# y\r\n10.1.0.0/16\r\n"}},
     "\"@a\"",
     "[]",
     "10.1.2.3",
     "reject 10.1.0.0/16 at 1:4:1 by 0:1:1, firewall ip_reject @a"},
    {"an empty file", {{"a", ""}}, "\"@a\"", "[]", "10.1.2.3", ""},
};

TEST(AddressRules, FindOverAllLists) {
  for (const FindRow& row : kRows) {
    Diagnostics out = filesOf(row.texts);
    Lists lists;
    const AddressRules rules = rulesOf(row.reject, row.allow, lists, out);
    EXPECT_EQ(firstFinding(out), "") << row.name;
    EXPECT_EQ(told(rules.find(*IpAddress::parse(row.client))), row.told) << row.name;
  }
}

struct FaultRow {
  const char* name;
  const char* text;
  std::vector<const char*> findings;  // "line:column message"
};

const FaultRow kFaults[] = {
    {"every broken line",
     "10.0.0.0/8\nlocalhost\n\n  10.1.2.3/8 # host bits\n",
     {"2:1 `localhost` is not an IP address or network",
      "4:3 `10.1.2.3/8` has host bits set beyond its prefix"}},
    {"two on a line", "::1 ::2\n", {"1:1 `::1 ::2` is not an IP address or network"}},
    {"a comment without a blank", "::1#x\n", {"1:1 `::1#x` is not an IP address or network"}},
    {"bytes that are no text", "::1\n# \xff\n::x\n", {"2:3 this byte is not UTF-8"}},
    {"a control character", "::1\r::2", {"1:4 the control character 0x0d stands here"}},
};

TEST(AddressRules, TellEveryBrokenLineOnce) {
  for (const FaultRow& row : kFaults) {
    Diagnostics out = filesOf({{"a", row.text}});
    Lists lists;
    rulesOf("[\"@a\"]", "[\"@a\"]", lists, out);
    std::vector<std::string> findings;
    for (const Diagnostic& finding : out.all()) {
      EXPECT_EQ(finding.mark.file, 1u) << row.name;
      findings.push_back(std::to_string(finding.mark.line) + ":" +
                         std::to_string(finding.mark.column) + " " + finding.message);
    }
    EXPECT_EQ(findings, std::vector<std::string>(row.findings.begin(), row.findings.end()))
        << row.name;
    EXPECT_TRUE(lists.all().empty()) << row.name;
  }
}

TEST(AddressRules, AFileOfOtherThingsHasNotAMillionFindings) {
  std::string text;
  for (int i = 0; i < 1000; ++i) text += "word\n";
  Diagnostics out = filesOf({{"a", text.c_str()}});
  Lists lists;
  rulesOf("[\"@a\"]", "[]", lists, out);
  ASSERT_EQ(out.all().size(), kMostFaults + 1);
  EXPECT_EQ(out.all().back().message,
            "there are more broken lines; those behind this one are not shown");
}

TEST(AddressRules, ShareAFileThatManyName) {
  Diagnostics out = filesOf({{"a", "10.0.0.0/8"}, {"b", "::1"}});
  Lists lists;
  const AddressRules one = rulesOf("[\"@a\", \"@b\"]", "[]", lists, out);
  const AddressRules other = rulesOf("[]", "[\"@a\"]", lists, out);
  const AddressRules copy = other;
  ASSERT_EQ(lists.all().size(), 2u);
  EXPECT_EQ(lists.all()[0]->name(), "a");
  EXPECT_EQ(lists.all()[0]->file(), 1u);
  const IpAddress client = *IpAddress::parse("192.0.2.1");
  for (const AddressRules* rules : {&one, &other, &copy}) EXPECT_FALSE(rules->find(client));
  const auto old = lists.all()[0]->replace(std::make_unique<const NetworkList>(
      std::vector<NetworkList::Entry>{{*Cidr::parse("192.0.2.0/24"), 9, 1}}));
  EXPECT_TRUE(old->find(*IpAddress::parse("10.0.0.1")));
  EXPECT_EQ(told(one.find(client)), "reject 192.0.2.0/24 at 1:9:1 by 0:1:2, firewall ip_reject @a");
  for (const AddressRules* rules : {&other, &copy})
    EXPECT_EQ(told(rules->find(client)),
              "allow 192.0.2.0/24 at 1:9:1 by 0:1:2, firewall ip_allow @a");
}

TEST(AddressRules, AreShownAsWritten) {
  Diagnostics out = filesOf({{"a", "10.0.0.0/8"}});
  Lists lists;
  const AddressRules rules =
      rulesOf("[192.0.2.1, \"@a\", 10.0.0.0/8]", "[\"::/0\", \"@a\"]", lists, out);
  EXPECT_EQ(flowText(rules.show(false)), "[192.0.2.1/32, \"@a\", 10.0.0.0/8]");
  EXPECT_EQ(flowText(rules.show(true)), "[::/0, \"@a\"]");
  EXPECT_TRUE(AddressRules().empty());
  EXPECT_FALSE(rulesOf("\"@a\"", "[]", lists, out).empty());
}

}  // namespace
}  // namespace fairlead::firewall
