// Known names, and the edits of a field list.
#include "http/fields.h"

#include <gtest/gtest.h>

#include <bit>
#include <string>
#include <vector>

#include "base/ascii.h"

namespace fairlead::http {
namespace {

std::string upper(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = ascii::upper(c);
  return result;
}

TEST(FieldId, EveryNameIsFoundInAnyLetterCase) {
  for (unsigned i = 1; i < static_cast<unsigned>(FieldId::Count); ++i) {
    const auto id = static_cast<FieldId>(i);
    const std::string_view name = nameOf(id);
    if (name.empty()) continue;
    EXPECT_EQ(fieldIdOf(name), id) << name;
    EXPECT_EQ(fieldIdOf(ascii::lowered(name)), id) << name;
    EXPECT_EQ(fieldIdOf(upper(name)), id) << name;
  }
}

TEST(FieldId, OneOtherLetterIsAnotherName) {
  for (unsigned i = 1; i < static_cast<unsigned>(FieldId::Count); ++i) {
    const auto id = static_cast<FieldId>(i);
    const std::string name(nameOf(id));
    for (size_t place = 0; place < name.size(); ++place) {
      std::string other = name;
      other[place] = '~';
      EXPECT_NE(fieldIdOf(other), id) << other;
    }
    EXPECT_NE(fieldIdOf(name + "s"), id) << name;
  }
}

// One letter less, one twice, and names with the ends of known ones.
TEST(FieldId, NearlyAKnownNameIsAnother) {
  for (unsigned i = 1; i < static_cast<unsigned>(FieldId::Count); ++i) {
    const auto id = static_cast<FieldId>(i);
    const std::string name(nameOf(id));
    for (size_t place = 0; place < name.size(); ++place) {
      std::string less = name, more = name;
      less.erase(place, 1);
      more.insert(place, 1, '-');
      EXPECT_NE(fieldIdOf(less), id) << less;
      EXPECT_NE(fieldIdOf(more), id) << more;
    }
    if (name.size() < 8) continue;
    const std::string front = name.substr(0, 4), back = name.substr(name.size() - 4);
    for (size_t middle = 1; middle < 14; ++middle)
      EXPECT_NE(fieldIdOf(front + std::string(middle, '~') + back), id) << name << middle;
  }
}

struct IdRow {
  std::string_view name;
  FieldId id;
};

TEST(FieldId, FamiliesAndStrangers) {
  const IdRow rows[] = {
      {"X-Forwarded-Server", FieldId::XForwardedOther},
      {"x-forwarded-x", FieldId::XForwardedOther},
      {"X-Forwarded-", FieldId::Unknown},
      {"X-Forwarded-Fors", FieldId::XForwardedOther},
      {"Proxy-Status", FieldId::ProxyOther},
      {"proxy-features", FieldId::ProxyOther},
      {"Proxy-", FieldId::Unknown},
      {"Proxy", FieldId::Unknown},
      {"X-Foo", FieldId::Unknown},
      {"", FieldId::Unknown},
      {"a", FieldId::Unknown},
      {"T", FieldId::Unknown},
      {"Content_Length", FieldId::Unknown},
      {"X_Forwarded-For", FieldId::Unknown},
      {"X-Forwarded_For", FieldId::Unknown},
      {"Content-Lengthh", FieldId::Unknown},
      {"a-name-longer-than-all-known-ones", FieldId::Unknown},
  };
  for (const IdRow& row : rows) {
    // Memory of its own size, so that the address sanitizer sees a look beyond the name.
    const std::vector<char> exact(row.name.begin(), row.name.end());
    EXPECT_EQ(fieldIdOf({exact.data(), exact.size()}), row.id) << row.name;
  }
}

class FieldsTest : public testing::Test {
 protected:
  void add(std::string_view name, std::string_view value) {
    ASSERT_TRUE(fields_.add(Field::make(arena_, name, value)));
  }
  std::string text() const {
    std::string result;
    for (const Field& field : fields_)
      result.append(field.name()).append("=").append(field.value()) += ' ';
    return result;
  }

  Arena arena_;
  Fields fields_;
};

TEST_F(FieldsTest, MakeRendersTheLine) {
  const Field field = Field::make(arena_, "X-Edge", "a b");
  EXPECT_EQ(field.line(), "X-Edge: a b\r\n");
  EXPECT_EQ(field.name(), "X-Edge");
  EXPECT_EQ(field.value(), "a b");
  EXPECT_EQ(field.id(), FieldId::Unknown);
  EXPECT_EQ(Field::make(arena_, FieldId::Host, "").line(), "Host: \r\n");
  EXPECT_EQ(Field::make(arena_, "hOST", "x").id(), FieldId::Host);
}

TEST_F(FieldsTest, FindAndCount) {
  add("Host", "a");
  add("X-One", "1");
  add("x-one", "2");
  add("X-Forwarded-Foo", "3");
  EXPECT_EQ(fields_.valueOf(FieldId::Host), "a");
  EXPECT_EQ(fields_.find("HOST")->value(), "a");
  EXPECT_EQ(fields_.find("X-ONE")->value(), "1");
  EXPECT_EQ(fields_.find("x-forwarded-foo")->value(), "3");
  EXPECT_EQ(fields_.find("x-forwarded-bar"), nullptr);
  EXPECT_EQ(fields_.find("X-Two"), nullptr);
  EXPECT_EQ(fields_.find(FieldId::Via), nullptr);
  EXPECT_EQ(fields_.countOf(FieldId::Host), 1U);
  EXPECT_EQ(fields_.countOf(FieldId::Via), 0U);
  EXPECT_EQ(fields_.valueOf(FieldId::Via), "");
}

TEST_F(FieldsTest, FindOnly) {
  EXPECT_EQ(fields_.findOnly(FieldId::Host).field, nullptr);
  EXPECT_FALSE(fields_.findOnly(FieldId::Host).several);
  add("Via", "1");
  add("Host", "2");
  EXPECT_EQ(fields_.findOnly(FieldId::Host).field, &fields_[1]);
  EXPECT_FALSE(fields_.findOnly(FieldId::Host).several);
  add("via", "3");
  EXPECT_EQ(fields_.findOnly(FieldId::Via).field, &fields_[0]);
  EXPECT_TRUE(fields_.findOnly(FieldId::Via).several);
  EXPECT_FALSE(fields_.findOnly(FieldId::Host).several);
}

struct IsNamedRow {
  const char* name;
  std::string_view of_field;
  std::string_view asked;
  bool expected;
};

TEST_F(FieldsTest, IsNamed) {
  const IsNamedRow rows[] = {
      {"known", "Host", "hOST", true},
      {"other known", "Host", "Via", false},
      {"unknown", "x-edge", "X-Edge", true},
      {"other unknown", "X-Edge", "X-Site", false},
      {"unknown with more behind", "X-Edge", "X-Edges", false},
      {"member of a family", "X-Forwarded-Ssl", "x-forwarded-ssl", true},
      {"other member of the family", "X-Forwarded-Ssl", "X-Forwarded-Prefix", false},
      {"known beside its family", "X-Forwarded-For", "X-Forwarded-Ssl", false},
  };
  for (const IsNamedRow& row : rows) {
    const Field field = Field::make(arena_, row.of_field, "1");
    EXPECT_EQ(field.isNamed(fieldIdOf(row.asked), row.asked), row.expected) << row.name;
  }
}

struct NamesRow {
  const char* name;
  std::vector<std::string_view> fields;
  std::string_view asked;
  bool expected;
};

const NamesRow kNames[] = {
    {"nothing is in an empty head", {}, "Host", false},
    {"known", {"Host"}, "hOST", true},
    {"other known", {"Host", "Via"}, "Server", false},
    {"unknown in another letter case", {"x-edge"}, "X-Edge", true},
    {"an unknown one says nothing of known ones", {"X-Edge"}, "Host", false},
    {"a known one says nothing of unknown ones", {"Host"}, "X-Edge", false},
    {"other unknown", {"X-Edge", "Accept-Language"}, "X-Site", false},
    {"member of a family", {"X-Forwarded-Ssl"}, "x-forwarded-ssl", true},
    {"other member of the family", {"X-Forwarded-Ssl"}, "X-Forwarded-Prefix", false},
    {"names of one letter", {"a", "B"}, "b", true},
};

TEST_F(FieldsTest, NamesThatMayBeThere) {
  for (const NamesRow& row : kNames) {
    fields_.clear();
    for (const std::string_view name : row.fields) add(name, "1");
    const NameSet asked = NameSet::of(fieldIdOf(row.asked), row.asked);
    EXPECT_EQ(fields_.names().mayShare(asked), row.expected) << row.name;
    EXPECT_EQ(fields_.names().mayShare(NameSet::all()), !row.fields.empty()) << row.name;
  }
}

// Also those that share a bit with others.
TEST_F(FieldsTest, NoNameThatIsThereIsMissed) {
  NameSet all;
  for (int i = 0; i < 150; ++i) {
    const std::string name = "X-" + std::to_string(i);
    add(name, "1");
    EXPECT_TRUE(fields_.names().mayShare(NameSet::of(FieldId::Unknown, name))) << name;
    all |= NameSet::of(FieldId::Unknown, "x-" + std::to_string(i));
  }
  EXPECT_EQ(fields_.names().others, all.others);
  EXPECT_EQ(fields_.names().known, 0U);
  EXPECT_GT(std::popcount(all.others), 32) << "the hash hardly tells names apart";
}

TEST_F(FieldsTest, NamesAfterChanges) {
  const NameSet via = NameSet::of(FieldId::Via, "Via");
  const NameSet edge = NameSet::of(FieldId::Unknown, "X-Edge");
  add("X-Edge", "1");
  fields_.replace(0, Field::make(arena_, "Via", "1"));
  EXPECT_TRUE(fields_.names().mayShare(via));
  EXPECT_FALSE(fields_.names().mayShare(edge));
  EXPECT_EQ(fields_.erase(FieldId::Via), 1U);
  EXPECT_FALSE(fields_.names().mayShare(via));
}

TEST_F(FieldsTest, LineMadeBeforehand) {
  constexpr std::string_view kLine = "X-Forwarded-Ssl: on\r\n";
  const Field field = Field::ofLine(kLine, 15, FieldId::XForwardedOther);
  EXPECT_EQ(field.name(), "X-Forwarded-Ssl");
  EXPECT_EQ(field.value(), "on");
  EXPECT_EQ(field.line().data(), kLine.data());
  EXPECT_EQ(field.line(), kLine);
  EXPECT_EQ(Field::ofLine("A: \r\n", 1, FieldId::Unknown).value(), "");
}

TEST_F(FieldsTest, SetWithinAFamilyLeavesTheOthers) {
  add("X-Forwarded-Prefix", "1");
  add("X-Forwarded-Ssl", "2");
  add("X-Other", "3");
  add("x-forwarded-ssl", "4");
  add("X-Last", "5");
  EXPECT_TRUE(fields_.set(Field::make(arena_, "X-Forwarded-Ssl", "new")));
  EXPECT_EQ(text(), "X-Forwarded-Prefix=1 X-Forwarded-Ssl=new X-Other=3 X-Last=5 ");
  EXPECT_EQ(fields_.erase(FieldId::XForwardedOther, "X-FORWARDED-PREFIX"), 1U);
  EXPECT_EQ(fields_.find(FieldId::XForwardedOther, "x-forwarded-SSL")->value(), "new");
  EXPECT_EQ(fields_.find(FieldId::Unknown, "X-Forward"), nullptr);
}

TEST_F(FieldsTest, SetReplacesAllAtThePlaceOfTheFirst) {
  add("A", "1");
  add("X-One", "2");
  add("B", "3");
  add("x-one", "4");
  add("Host", "5");
  add("Host", "6");
  EXPECT_TRUE(fields_.set(Field::make(arena_, "X-ONE", "new")));
  EXPECT_TRUE(fields_.set(Field::make(arena_, FieldId::Host, "h")));
  EXPECT_TRUE(fields_.set(Field::make(arena_, "Via", "v")));
  EXPECT_EQ(text(), "A=1 X-ONE=new B=3 Host=h Via=v ");
}

TEST_F(FieldsTest, Erase) {
  add("Host", "1");
  add("X-One", "2");
  add("Via", "3");
  add("x-one", "4");
  add("via", "5");
  add("TE", "6");
  EXPECT_EQ(fields_.erase("X-One"), 2U);
  EXPECT_EQ(fields_.erase("X-One"), 0U);
  EXPECT_EQ(fields_.erase(FieldId::Via), 2U);
  EXPECT_FALSE(fields_.mayHave(maskOf(FieldId::Via)));
  EXPECT_EQ(fields_.eraseAll(maskOf(FieldId::Te, FieldId::Upgrade)), 1U);
  EXPECT_EQ(fields_.eraseAll(maskOf(FieldId::Te, FieldId::Upgrade)), 0U);
  EXPECT_EQ(text(), "Host=1 ");
}

TEST_F(FieldsTest, ReplaceAndSetValueKeepThePlace) {
  add("A", "1");
  add("x-b", "2");
  add("C", "3");
  fields_.replace(0, Field::make(arena_, FieldId::Via, "v"));
  EXPECT_TRUE(fields_.mayHave(maskOf(FieldId::Via)));
  EXPECT_TRUE(fields_.setValue(1, "new", arena_));
  EXPECT_EQ(text(), "Via=v x-b=new C=3 ");
}

TEST_F(FieldsTest, TooLongALineIsSaid) {
  constexpr size_t kLongest = 65535 - 5;  // beside the name `N` and ": " and the line end
  const std::string longest(kLongest, 'v');
  const auto field = Field::tryMake(arena_, "N", longest);
  ASSERT_TRUE(field);
  EXPECT_EQ(field->value(), longest);
  EXPECT_FALSE(Field::tryMake(arena_, "N", longest + "v"));
  add("N", "old");
  EXPECT_FALSE(fields_.setValue(0, longest + "v", arena_));
  EXPECT_EQ(text(), "N=old ");
}

TEST_F(FieldsTest, SameLines) {
  add("A", "1");
  const Fields before = fields_;
  EXPECT_TRUE(sameLines(before, fields_));
  add("A", "1");
  EXPECT_FALSE(sameLines(before, fields_));
  fields_ = before;
  fields_.replace(0, Field::make(arena_, "a", "1"));
  EXPECT_FALSE(sameLines(before, fields_));
}

TEST_F(FieldsTest, FullIsSaid) {
  for (size_t i = 0; i < Fields::kCapacity; ++i) add("A", "");
  EXPECT_FALSE(fields_.add(Field::make(arena_, "B", "")));
  EXPECT_FALSE(fields_.set(Field::make(arena_, "B", "")));
  EXPECT_TRUE(fields_.set(Field::make(arena_, "A", "1")));
  EXPECT_EQ(text(), "A=1 ");
}

}  // namespace
}  // namespace fairlead::http
