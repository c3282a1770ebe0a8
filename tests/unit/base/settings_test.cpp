// The readers of configuration values: what they accept, and the words of their refusals.
#include "base/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <stdexcept>

#include "base/units.h"

namespace fairlead {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

Value scalar(std::string text, bool quoted = false) {
  Value value;
  value.kind = Value::Kind::Scalar;
  value.text = std::move(text);
  value.quoted = quoted;
  value.mark = {0, 3, 7, static_cast<uint32_t>(value.text.size())};
  return value;
}

Value mapping(std::vector<std::pair<std::string, Value>> entries) {
  Value value;
  value.kind = Value::Kind::Map;
  value.mark = {0, 1, 1, 1};
  for (auto& [key, inner] : entries) value.entries.push_back({scalar(key), inner});
  return value;
}

Value list(std::vector<Value> items) {
  Value value;
  value.kind = Value::Kind::List;
  value.items = std::move(items);
  return value;
}

// The only finding's message, with `expected` and `suggestion` behind it.
std::string told(const Diagnostics& out) {
  if (out.all().size() != 1) return "(" + std::to_string(out.all().size()) + " findings)";
  const Diagnostic& finding = out.all().front();
  std::string text = finding.message;
  if (!finding.expected.empty()) text += " | " + finding.expected;
  if (!finding.suggestion.empty()) text += " | " + finding.suggestion;
  return text;
}

struct QuantityRow {
  const char* name;
  const char* text;
  double value;       // nanoseconds, bytes, share or rate
  const char* fault;  // nullptr: it is read
  const char* meant = "";
};

template <typename T>
void check(const QuantityRow& row, const units::Parsed<T>& parsed) {
  SCOPED_TRACE(row.name);
  ASSERT_EQ(parsed.has_value(), row.fault == nullptr);
  if (row.fault != nullptr) {
    EXPECT_EQ(parsed.error().message, row.fault);
    EXPECT_EQ(parsed.error().meant, row.meant);
  }
}

TEST(Units, ReadsDurations) {
  const QuantityRow rows[] = {
      {"milliseconds", "250ms", 250e6, nullptr},
      {"seconds", "2s", 2e9, nullptr},
      {"minutes", "5m", 300e9, nullptr},
      {"hours", "1h", 3600e9, nullptr},
      {"a fraction", "1.5s", 1.5e9, nullptr},
      {"zero", "0s", 0, nullptr},
      {"no unit", "10", 0, "the duration `10` has no unit", "10s"},
      {"a long unit", "10sec", 0, "`sec` is not a unit of time", "10s"},
      {"days", "2d", 0, "`d` is not a unit of time", "48h"},
      {"an unknown unit", "3x", 0, "`x` is not a unit of time"},
      {"only a unit", "s", 0, "`s` is not a duration"},
      {"a space", "2 s", 0, "`2 s` is not a duration"},
      {"negative", "-2s", 0, "`-2s` is not a duration"},
      {"a leading zero", "010s", 0, "`010s` is not a duration"},
      {"no fraction", "1.s", 0, "`1.s` is not a duration"},
      {"nothing", "", 0, "`` is not a duration"},
      {"more than a year", "9000h", 0, "the duration `9000h` is longer than a year"},
      {"very many digits", "99999999999999999999s", 0, "`99999999999999999999s` is not a duration"},
  };
  for (const QuantityRow& row : rows) {
    const auto parsed = units::parseDuration(row.text);
    check(row, parsed);
    if (parsed) {
      EXPECT_EQ(parsed->count(), static_cast<int64_t>(row.value)) << row.name;
    }
  }
}

TEST(Units, ReadsSizes) {
  const QuantityRow rows[] = {
      {"bytes", "512B", 512, nullptr},
      {"kibibytes", "64KiB", 65536, nullptr},
      {"mebibytes", "1MiB", 1 << 20, nullptr},
      {"gibibytes", "2GiB", 2147483648.0, nullptr},
      {"no unit", "1024", 0, "the size `1024` has no unit", "1024B"},
      {"a lower-case unit", "64k", 0, "`k` is not a unit of size", "64KiB"},
      {"a decimal unit", "10MB", 0, "`MB` is not a unit of size", "10MiB"},
      {"an unknown unit", "10x", 0, "`x` is not a unit of size"},
      {"too large", "99999999GiB", 0, "the size `99999999GiB` is too large"},
  };
  for (const QuantityRow& row : rows) {
    const auto parsed = units::parseSize(row.text);
    check(row, parsed);
    if (parsed) {
      EXPECT_EQ(*parsed, static_cast<uint64_t>(row.value)) << row.name;
    }
  }
}

TEST(Units, ReadsPercentagesRatesAndCounts) {
  const QuantityRow percentages[] = {
      {"plain", "20%", 0.2, nullptr},
      {"all", "100%", 1, nullptr},
      {"a fraction", "0.5%", 0.005, nullptr},
      {"too many", "120%", 0, "`120%` is more than 100%"},
      {"no sign", "20", 0, "`20` has no percent sign", "20%"},
      {"a share", "0.25", 0, "`0.25` has no percent sign", "25%"},
  };
  for (const QuantityRow& row : percentages) {
    const auto parsed = units::parsePercent(row.text);
    check(row, parsed);
    if (parsed) {
      EXPECT_DOUBLE_EQ(*parsed, row.value) << row.name;
    }
  }
  const QuantityRow rates[] = {
      {"a second", "100/s", 100, nullptr},
      {"a minute", "30/m", 0.5, nullptr},
      {"an hour", "36/h", 0.01, nullptr},
      {"no unit", "100", 0, "the rate `100` has no unit", "100/s"},
      {"zero", "0/s", 0, "a rate cannot be zero"},
      {"a day", "5/d", 0, "`/d` is not a unit of rate"},
  };
  for (const QuantityRow& row : rates) {
    const auto parsed = units::parseRate(row.text);
    check(row, parsed);
    if (parsed) {
      EXPECT_DOUBLE_EQ(*parsed, row.value) << row.name;
    }
  }
  const QuantityRow counts[] = {
      {"zero", "0", 0, nullptr},
      {"a number", "8080", 8080, nullptr},
      {"octal-looking", "010", 0, "`010` begins with a zero: there are no octal numbers", "10"},
      {"hexadecimal", "0x10", 0, "`0x10` is not a whole number"},
      {"base 60", "1:30", 0, "`1:30` is not a whole number"},
      {"negative", "-1", 0, "`-1` is negative"},
      {"a fraction", "1.5", 0, "`1.5` is not a whole number"},
      {"too large", "99999999999999999999", 0, "`99999999999999999999` is too large"},
  };
  for (const QuantityRow& row : counts) {
    const auto parsed = units::parseCount(row.text);
    check(row, parsed);
    if (parsed) {
      EXPECT_EQ(*parsed, static_cast<uint64_t>(row.value)) << row.name;
    }
  }
}

TEST(Units, GroupTheDigitsOfCounts) {
  EXPECT_EQ(units::formatCount(0), "0");
  EXPECT_EQ(units::formatCount(999), "999");
  EXPECT_EQ(units::formatCount(1000), "1,000");
  EXPECT_EQ(units::formatCount(999999), "999,999");
  EXPECT_EQ(units::formatCount(1000000), "1,000,000");
}

TEST(Units, WritesWhatTheyRead) {
  EXPECT_EQ(units::formatDuration(2s), "2s");
  EXPECT_EQ(units::formatDuration(90s), "90s");
  EXPECT_EQ(units::formatDuration(300s), "5m");
  EXPECT_EQ(units::formatDuration(1500ms), "1500ms");
  EXPECT_EQ(units::formatDuration(0s), "0s");
  EXPECT_EQ(units::formatDuration(1500us), "1.5ms");
  EXPECT_EQ(units::formatSize(65536), "64KiB");
  EXPECT_EQ(units::formatSize(1000), "1000B");
  EXPECT_EQ(units::formatSize(0), "0B");
  EXPECT_EQ(units::formatPercent(0.2), "20%");
  EXPECT_EQ(units::formatPercent(0.125), "12.5%");
}

TEST(NearestWord, FindsSlipsOfTheFinger) {
  const std::array<std::string_view, 6> words{"paths",        "hosts", "pools",
                                              "max_requests", "url",   "listen"};
  const struct {
    const char* name;
    const char* given;
    const char* nearest;
  } rows[] = {
      {"a missing letter", "pats", "paths"},
      {"an extra letter", "listenn", "listen"},
      {"a wrong letter", "hasts", "hosts"},
      {"neighbours exchanged", "hsots", "hosts"},
      {"letter case", "Paths", "paths"},
      {"a dash", "max-requests", "max_requests"},
      {"short words", "uri", "url"},
      {"too far", "spoon", ""},
      {"nothing", "", ""},
  };
  for (const auto& row : rows) EXPECT_EQ(nearestWord(row.given, words), row.nearest) << row.name;
}

TEST(NearestWord, SkipsWhatIsTooLongToCompare) {
  const std::string given(100'000, 'x');
  const std::array<std::string_view, 1> words{given};
  EXPECT_EQ(nearestWord(given, words), "");
}

TEST(ReadBool, KnowsOnlyTrueAndFalse) {
  const struct {
    const char* text;
    bool quoted;
    const char* finding;
  } rows[] = {
      {"true", false, ""},
      {"false", false, ""},
      {"yes", false, "`yes` is not a boolean | true or false | did you mean `true`?"},
      {"off", false, "`off` is not a boolean | true or false | did you mean `false`?"},
      {"True", false, "`True` is not a boolean | true or false | did you mean `true`?"},
      {"1", false, "`1` is not a boolean | true or false"},
      {"true", true,
       "`true` is not a boolean | true or false, without quotes | did you mean `true`?"},
  };
  for (const auto& row : rows) {
    Diagnostics out;
    const auto answer = readBool(scalar(row.text, row.quoted), out);
    EXPECT_EQ(answer.has_value(), row.finding[0] == '\0') << row.text;
    if (!answer) {
      EXPECT_EQ(told(out), row.finding);
    }
  }
}

TEST(ReadCount, KeepsToItsRange) {
  Diagnostics out;
  EXPECT_EQ(readCount(scalar("5"), 1, 5, out), 5u);
  EXPECT_TRUE(out.all().empty());
  EXPECT_FALSE(readCount(scalar("6"), 1, 5, out));
  EXPECT_EQ(told(out), "6 is too large | a whole number from 1 to 5");
  EXPECT_EQ(out.all().front().mark, (Mark{0, 3, 7, 1}));
  Diagnostics quoted;
  EXPECT_FALSE(readCount(scalar("5", true), 1, 5, quoted));
  EXPECT_EQ(told(quoted), "this is a text, because of its quotes | a whole number from 1 to 5");
  Diagnostics of_list;
  EXPECT_FALSE(readCount(list({}), 0, UINT64_MAX, of_list));
  EXPECT_EQ(told(of_list), "this cannot be a list | a whole number of at least 0");
}

TEST(ReadScalars, TakesOneOrMany) {
  Diagnostics out;
  EXPECT_THAT(readScalars(scalar("a"), out), SizeIs(1));
  EXPECT_THAT(readScalars(list({scalar("a"), scalar("b")}), out), SizeIs(2));
  EXPECT_THAT(out.all(), IsEmpty());
  EXPECT_THAT(readScalars(list({scalar("a"), mapping({})}), out), SizeIs(1));
  EXPECT_EQ(told(out), "this cannot be a mapping | a single value");
}

TEST(ReadWord, ListsAndSuggests) {
  const std::array<std::string_view, 2> words{"canonical", "raw"};
  Diagnostics out;
  EXPECT_EQ(readWord(scalar("raw"), words, out), 1u);
  EXPECT_FALSE(readWord(scalar("cannonical"), words, out));
  EXPECT_EQ(told(out),
            "`cannonical` is not known here | one of canonical, raw | did you mean `canonical`?");
}

constexpr Key kThing[] = {
    {"name", "text", "", ""},      {"on", "boolean", "", ""},
    {"every", "duration", "", ""}, {"idle", "duration | 'off'", "", ""},
    {"fall", "1..10", "", ""},     {"size", "size", "", ""},
    {"budget", "percent", "", ""}, {"absent", "duration", "", ""},
};
constexpr Section kThingKeys{"thing", "a thing", kThing};

constexpr Key kCommon[] = {{"zebras", "later", "", ""}, {"sticky", "later | 'off'", "", ""}};
constexpr Section kCommonKeys{"common", "what is common", kCommon};
constexpr const Section* kAlso[] = {&kCommonKeys};
constexpr Key kHost[] = {{"paths", "text", "", ""}, {"host", "text", "", ""}};
constexpr Section kHostKeys{"host", "a host", kHost, kAlso};

constexpr Key kPath[] = {{"path", "text", "", ""}};
constexpr Section kPathKeys{"path", "a path", kPath};

// Asks for all keys of a host.
void readHost(const Value& value, Diagnostics& out) {
  Settings settings(value, kHostKeys, out);
  settings.take("paths");
  settings.take("host");
  settings.finish();
}

TEST(SettingsTest, ReadsEachKindAndRemembersWhere) {
  const Value value = mapping({{"name", scalar("x")},
                               {"on", scalar("true")},
                               {"every", scalar("2s")},
                               {"idle", scalar("off")},
                               {"fall", scalar("3")},
                               {"size", scalar("1KiB")},
                               {"budget", scalar("20%")}});
  Diagnostics out;
  Settings settings(value, kThingKeys, out);
  Setting<std::string> name;
  Setting<bool> on{false};
  Setting<Duration> every{1s};
  Setting<Duration> idle{5s};
  Setting<uint32_t> fall{1};
  Setting<uint64_t> size{0};
  Setting<double> budget{0.0};
  Setting<Duration> absent{7s};
  settings.take("name", name);
  settings.take("on", on);
  settings.take("every", every);
  settings.take("idle", idle);
  settings.takeCount("fall", fall, 1, 10);
  settings.takeSize("size", size);
  settings.takePercent("budget", budget);
  settings.take("absent", absent);
  settings.finish();
  EXPECT_THAT(out.all(), IsEmpty());
  EXPECT_EQ(name.value, "x");
  EXPECT_TRUE(on.value);
  EXPECT_EQ(every.value, 2s);
  EXPECT_EQ(idle.value, 0s);
  EXPECT_EQ(fall.value, 3u);
  EXPECT_EQ(size.value, 1024u);
  EXPECT_DOUBLE_EQ(budget.value, 0.2);
  EXPECT_EQ(every.origin, (Mark{0, 3, 7, 2}));
  EXPECT_EQ(absent.value, 7s);
  EXPECT_TRUE(absent.origin.isBuiltIn());
}

TEST(SettingsTest, ReportsWhatTheSectionDoesNotHave) {
  Diagnostics out;
  readHost(mapping({{"pats", scalar("x")}, {"zebra", scalar("y")}}), out);
  ASSERT_THAT(out.all(), SizeIs(2));
  EXPECT_EQ(out.all()[0].message, "unknown key `pats` in a host");
  EXPECT_EQ(out.all()[0].suggestion, "did you mean `paths`?");
  EXPECT_EQ(out.all()[1].suggestion, "did you mean `zebras`?");
}

TEST(SettingsTest, ListsTheKnownKeysWhenNoneIsNear) {
  Diagnostics out;
  readHost(mapping({{"something", scalar("x")}}), out);
  EXPECT_EQ(told(out), "unknown key `something` in a host | one of paths, host");
}

struct LaterRow {
  const char* name;
  const char* key;
  Value value;
  const char* told;
};

TEST(SettingsTest, RefusesWhatThisVersionCannotDo) {
  const LaterRow rows[] = {
      {"a later key", "zebras", scalar("x"), "`zebras` is not supported by this version"},
      {"off where nothing is said of it", "zebras", scalar("off"),
       "`zebras` is not supported by this version"},
      {"a later key that is off", "sticky", scalar("off"), "(0 findings)"},
      {"a text that reads off", "sticky", scalar("off", true),
       "`sticky` is not supported by this version"},
      {"a later key of another section", "sticky", scalar("x"),
       "`sticky` is not supported by this version"},
  };
  for (const LaterRow& row : rows) {
    Diagnostics out;
    readHost(mapping({{row.key, row.value}}), out);
    EXPECT_EQ(told(out), row.told) << row.name;
  }
}

TEST(SettingsTest, ReaderAndSectionMustAgree) {
  const Value value = mapping({});
  Diagnostics out;
  Settings settings(value, kHostKeys, out);
  EXPECT_THROW(settings.take("unheard"), std::logic_error);
  settings.take("host");
  EXPECT_THROW(settings.finish(), std::logic_error);
}

TEST(SettingsTest, ReportsEmptyValuesAndOtherKinds) {
  Value nothing;
  const Value value = mapping({{"path", nothing}});
  Diagnostics out;
  Settings settings(value, kPathKeys, out);
  EXPECT_EQ(settings.take("path"), nullptr);
  settings.finish();
  EXPECT_EQ(told(out), "`path` has no value | a value; a key that is not needed is left out");

  Diagnostics of_list;
  const Value items = list({});
  Settings other(items, kPathKeys, of_list);
  EXPECT_EQ(other.take("path"), nullptr);
  other.finish();
  EXPECT_EQ(told(of_list), "a path cannot be a list | a mapping of keys to values");
}

TEST(DiagnosticsTest, SortsByPlaceAndTellsOnce) {
  Diagnostics out;
  out.error({0, 5, 1, 1}, "later");
  out.warning({0, 2, 1, 1}, "earlier");
  EXPECT_TRUE(out.hasErrors());
  out.error({0, 5, 1, 1}, "later");
  out.sort();
  ASSERT_THAT(out.all(), SizeIs(2));
  EXPECT_EQ(out.all()[0].message, "earlier");
}

}  // namespace
}  // namespace fairlead
