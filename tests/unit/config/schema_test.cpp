// The schema says what the tables say, and the tables what the loader does.
#include "config/schema.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "base/units.h"
#include "config/config_reader.h"
#include "config/pool_table.h"
#include "config/route_reader.h"
#include "config/rules.h"
#include "config/scalar_kind.h"
#include "config/show.h"
#include "unit/config/loading.h"

namespace fairlead::config {
namespace {

using nlohmann::json;

const json& schema() {
  static const json parsed = json::parse(renderSchema());
  return parsed;
}

// Written already, but no key of the file leads to them yet.
const std::set<std::string> kNotJoined{};

TEST(Sections, AreAllInTheSchemaThatTheSourcesHave) {
  std::set<std::string> known = kNotJoined;
  for (const Section* section : allSections())
    EXPECT_TRUE(known.emplace(section->name).second)
        << section->name << " is joined now, or there are two of that name";
  const std::regex declaration("Section k\\w+\\{\\s*\"(\\w+)\"");
  size_t found = 0;
  for (const auto& entry :
       std::filesystem::recursive_directory_iterator(FAIRLEAD_SOURCE_DIR "/src")) {
    // What is simulated is said in a file of its own.
    const bool is_of_the_language = entry.path().parent_path().filename() != "simulation";
    if (entry.path().extension() != ".cpp" || !is_of_the_language) continue;
    std::ifstream stream(entry.path());
    const std::string text{std::istreambuf_iterator<char>(stream), {}};
    for (std::sregex_iterator at(text.begin(), text.end(), declaration), end; at != end; ++at) {
      ++found;
      EXPECT_TRUE(known.contains((*at)[1])) << (*at)[1] << " in " << entry.path()
                                            << ": no form leads to it, or schema.cpp lacks a line";
    }
  }
  EXPECT_EQ(found, known.size());
}

TEST(Sections, HaveFormsThatAreForms) {
  for (const Section* section : allSections()) {
    const auto check = [&](std::string_view form) {
      EXPECT_NO_THROW(currentForm(form)) << section->name << ": " << form;
    };
    for (const Key& key : section->keys) check(key.form);
    if (!section->names.empty()) check(section->names);
  }
}

TEST(Sections, ExplainEveryKeyOfThisVersion) {
  for (const Section* section : allSections())
    for (const Key& key : section->keys)
      EXPECT_EQ(key.meaning.empty(), key.isLater()) << section->name << "." << key.name;
}

TEST(Sections, NameNoKeyTwice) {
  for (const Section* section : allSections()) {
    std::set<std::string_view> names;
    section->forEach([&](const Key& key) {
      EXPECT_TRUE(names.insert(key.name).second) << section->name << "." << key.name;
    });
  }
}

TEST(CurrentForm, OfWhatDoesNotExistIsABug) {
  for (const char* form : {"duratoin", "<helath>", "[nothing]", "{<nothing>}", "(text | )"})
    EXPECT_THROW(currentForm(form), std::logic_error) << form;
}

TEST(Schema, SaysOfEachKeyWhatTheTablesSay) {
  const struct {
    const char* place;
    const char* json;
  } rows[] = {
      {"/$ref", R"("#/$defs/file")"},
      {"/$defs/timeouts/title", R"("timeouts")"},
      {"/$defs/timeouts/type", R"("object")"},
      {"/$defs/timeouts/additionalProperties", "false"},
      {"/$defs/timeouts/properties/connect",
       R"({"description": "one attempt to connect to a server", "default": "2s",
           "anyOf": [{"enum": ["off"]}, {"$ref": "#/$defs/value_duration"}]})"},
      {"/$defs/retry/properties/attempts",
       R"({"description": "beyond the first, each on another server", "default": 1,
           "type": ["integer", "string"], "minimum": 0, "maximum": 10, "pattern": "[$][{]"})"},
      {"/$defs/retry/properties/when/default", R"(["connect", "refused", "stale", "reset"])"},
      {"/$defs/retry/properties/when/anyOf/0",
       R"({"enum": ["connect", "refused", "stale", "reset", 502, "502", 503, "503", 504, "504"]})"},
      {"/$defs/retry/properties/when/anyOf/1/type", R"("array")"},
      {"/$defs/retry/properties/when/anyOf/2", R"({"$ref": "#/$defs/variable"})"},
      {"/$defs/host/properties/tls",
       R"({"description": "not supported by this version",
           "anyOf": [{"enum": ["off"]}, {"$ref": "#/$defs/variable"}]})"},
      {"/$defs/pool_rules/properties/queue/anyOf",
       R"([{"enum": ["off"]}, {"type": ["integer", "string"], "minimum": 1, "maximum": 1000000,
                               "pattern": "[$][{]"},
           {"$ref": "#/$defs/queue"}])"},
      {"/$defs/health_expect/properties/status/default", R"(["200-399"])"},
      {"/$defs/value_load_bound",
       R"({"type": ["number", "string"], "minimum": 1, "maximum": 100,
           "pattern": "^[0-9]+([.][0-9]+)?$|[$][{]"})"},
      {"/$defs/value_percentile", R"({"type": "string", "pattern": "^p[5-9][0-9]$|[$][{]"})"},
      {"/$defs/listen/properties/http3/anyOf/0", R"({"enum": ["off", false]})"},
      {"/$defs/file/properties/pools", R"({"$ref": "#/$defs/included_file/properties/pools"})"},
      {"/$defs/included_file/properties/pools",
       R"({"description": "pools by name", "type": "object",
           "additionalProperties": {"$ref": "#/$defs/pool"}})"},
      {"/$defs/included_file/properties/hosts/items", R"({"$ref": "#/$defs/host"})"},
      {"/$defs/host/properties/health", R"({"$ref": "#/$defs/pool_rules/properties/health"})"},
      {"/$defs/path/properties/exact",
       R"({"description": "this path only; beats every prefix", "default": false,
           "$ref": "#/$defs/value_boolean"})"},
      {"/$defs/pool/properties/servers/anyOf/2",
       R"({"type": "array", "items": {"anyOf": [{"$ref": "#/$defs/value_address"},
                                                {"$ref": "#/$defs/server"}]}})"},
      {"/$defs/value_text", R"({"type": ["string", "number", "boolean"]})"},
      {"/$defs/value_any", "{}"},
      {"/$defs/value_boolean", R"({"type": ["boolean", "string"], "pattern": "[$][{]"})"},
      {"/$defs/value_policy/anyOf/0",
       R"({"enum": ["p2c", "round_robin", "random", "least_connections", "least_latency", "first"]})"},
      {"/$defs/value_listen_address",
       R"({"type": ["integer", "string"], "minimum": 1, "maximum": 65535,
           "pattern": "^(unix:.+|(.*:)?[0-9]{1,5})$|[$][{]"})"},
  };
  for (const auto& row : rows) {
    const json::json_pointer place(row.place);
    ASSERT_TRUE(schema().contains(place)) << row.place;
    EXPECT_EQ(schema().at(place), json::parse(row.json)) << row.place;
  }
}

TEST(Schema, IsSilentAboutLaterKeysThatAcceptNothing) {
  for (const char* place : {"/$defs/listen/properties/pool", "/$defs/health/properties/grpc"})
    EXPECT_FALSE(schema().contains(json::json_pointer(place))) << place;
}

void visitReferences(const json& part, const auto& visit) {
  if (part.is_object() && part.contains("$ref")) visit(part["$ref"].get<std::string>());
  if (part.is_structured())
    for (const json& inner : part) visitReferences(inner, visit);
}

TEST(Schema, PointsOnlyToWhatItHas) {
  size_t count = 0;
  visitReferences(schema(), [&](const std::string& reference) {
    ++count;
    ASSERT_TRUE(reference.starts_with("#/")) << reference;
    EXPECT_TRUE(schema().contains(json::json_pointer(reference.substr(1)))) << reference;
  });
  EXPECT_GT(count, 100u);
}

// The patterns of quantities and the loader's own parsers agree.
TEST(ScalarKinds, HaveThePatternsOfTheLoadersUnits) {
  const std::string numbers[] = {"",
                                 "0",
                                 "1",
                                 "15",
                                 "007",
                                 "1.5",
                                 "0.5",
                                 "1.",
                                 ".5",
                                 "-1",
                                 "1e3",
                                 "1,5",
                                 "1 ",
                                 " 1",
                                 "1 000",
                                 "1.0000000001",
                                 "12345678901234567"};
  const std::string units[] = {"",    "s",  "ms", "m", "h",  "d",  "S",  "B",  "KiB", "MiB",
                               "GiB", "KB", "kB", "%", "%%", "/s", "/m", "/h", "/d",  " s"};
  const auto agree = [&](std::string_view kind, auto parse) {
    const std::regex pattern(patternOf(*findScalarKind(kind)));
    size_t accepted = 0;
    for (const std::string& number : numbers)
      for (const std::string& unit : units) {
        const auto parsed = parse(number + unit);
        // What has the shape of a quantity may still be too much or too little of it.
        const bool is_amount =
            !parsed && testing::Matches(testing::AnyOf(testing::Eq("a rate cannot be zero"),
                                                       testing::EndsWith("is more than 100%")))(
                           parsed.error().message);
        if (!is_amount)
          EXPECT_EQ(std::regex_search(number + unit, pattern), parsed.has_value())
              << kind << ": " << number + unit;
        accepted += parsed.has_value();
      }
    EXPECT_GT(accepted, 3u) << kind;
  };
  agree("duration", units::parseDuration);
  agree("size", units::parseSize);
  agree("percent", units::parsePercent);
  agree("rate", units::parseRate);
}

std::string builtInsOf(const Section& section) {
  std::string text;
  for (const Key& key : section.keys)
    if (!key.initial.empty() && !key.isLater())
      text += fmt::format("{}: {}, ", key.name, key.initial);
  return text;
}

std::string shownWithoutOrigins(const std::string& text) {
  const Loaded loaded = loadWith(text);
  EXPECT_TRUE(loaded.config) << renderText(loaded.diagnostics) << text;
  if (!loaded.config) return "";
  return std::regex_replace(renderShow(*loaded.config, loaded.diagnostics),
                            std::regex(" +# [^\n]*"), "");
}

// A file that says all that the tables call built-in is a file that says nothing.
TEST(BuiltIns, AreWhatTheTablesSay) {
  const std::string plain = shownWithoutOrigins(
      "{ defaults: { health: { path: /h } },\n"
      "  paths: [{ path: /, servers: [a:1, b:1] }, { path: /r, respond: {} }] }\n");
  const auto mapping = [](const Section& section) {
    return fmt::format("{{ {} }}", builtInsOf(section));
  };
  const std::string health =
      fmt::format("{{ path: /h, {} expect: {}, passive: {} }}", builtInsOf(upstream::kHealthKeys),
                  mapping(upstream::kHealthExpectKeys), mapping(upstream::kPassiveKeys));
  const std::string defaults =
      fmt::format("{} {} health: {}, timeouts: {}, retry: {}", builtInsOf(kPoolRuleKeys),
                  builtInsOf(kRouteRuleKeys), health, mapping(upstream::kTimeoutKeys),
                  mapping(upstream::kRetryKeys));
  const std::string server = fmt::format("{{ url: a:1, {} }}", builtInsOf(kServerKeys));
  EXPECT_EQ(shownWithoutOrigins(fmt::format(
                "{{ {} defaults: {{ {} }},\n  paths: [{{ path: /, {} servers: [{}, b:1] }},\n"
                "  {{ path: /r, respond: {{ status: 200 }} }}] }}\n",
                builtInsOf(kFileKeys), defaults, builtInsOf(kPathKeys), server)),
            plain);
}

// The same for what is off unless somebody asks for it.
TEST(BuiltIns, OfWhatIsSwitchedOnAreWhatTheTablesSay) {
  const auto pool = [](std::string_view rules) {
    return shownWithoutOrigins(
        fmt::format("paths: [{{ path: /, servers: [a:1, b:1], max_requests: 9, {} }}]\n", rules));
  };
  const auto told = [&](std::string_view key, const Section& section) {
    return pool(fmt::format("{}: {{ {} }}", key, builtInsOf(section)));
  };
  EXPECT_EQ(told("queue", upstream::kQueueKeys), pool("queue: {}"));
  EXPECT_EQ(told("breaker", upstream::kBreakerKeys), pool("breaker: {}"));
  EXPECT_EQ(pool(fmt::format("retry: {{ hedge: {{ {} }} }}", builtInsOf(upstream::kHedgeKeys))),
            pool("retry: { hedge: {} }"));
}

}  // namespace
}  // namespace fairlead::config
