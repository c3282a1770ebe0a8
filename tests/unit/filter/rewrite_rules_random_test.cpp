// rewrite_rules under random rules and requests: what comes out is refused or can be sent.
#include <gtest/gtest.h>

#include <span>

#include "base/random.h"
#include "filter/location.h"
#include "filter/rewrite_rules.h"
#include "unit/filter/flow.h"
#include "unit/filter/request.h"

namespace fairlead::filter {
namespace {

// Rules of random texts out of what paths are sensitive to.
class RandomRules {
 public:
  explicit RandomRules(Random& random) : random_(random) {}

  std::string text(uint64_t longest) {
    static constexpr std::string_view kParts[] = {"a",   "/", ".",   "..",  "%2F", "%20",
                                                  "2",   "0", "F",   "%",   "b",   "//",
                                                  "%41", ";", "%e4", "%2e", "?",   "&"};
    return joined(kParts, longest);
  }
  std::string withPlaceholders(uint64_t longest) {
    static constexpr std::string_view kParts[] = {"a",          "/",     ".",         "{path}",
                                                  "{query}",    "{uri}", "{param.a}", "{cookie.c}",
                                                  "{header.x}", "%2F",   "2"};
    return joined(kParts, longest);
  }
  std::string rules() {
    const std::string with = random_.below(2) == 0 ? text(3) : withPlaceholders(3);
    switch (random_.below(7)) {
      case 0:
        return "{ replace: { \"" + text(2) + "\": \"" + with + "\" } }";
      case 1:
        return "{ regex: { match: \"" + pattern() + "\", with: \"" + captured() + "\" } }";
      case 2:
        return "{ regex: { match: \"" + pattern() + "\", with: \"" + captured() +
               "\", over: uri } }";
      case 3:
        return "{ add_prefix: \"/" + with + "\" }";
      case 4:
        return "{ replace_prefix: \"/" + with + "\" }";
      case 5:
        return "{ strip_prefix: \"/" + text(1) + "\", add_prefix: \"/" + with + "\" }";
      default:
        return "{ replace_path: \"/" + with + "\" }";
    }
  }

 private:
  std::string joined(std::span<const std::string_view> parts, uint64_t longest) {
    std::string result;
    for (uint64_t n = 1 + random_.below(longest); n > 0; --n)
      result += parts[random_.below(parts.size())];
    return result;
  }
  std::string pattern() {
    static constexpr std::string_view kPatterns[] = {
        "(a)", "([.])", "(2)", "(%)", "()", "(/)", "([?])", "(25)", "(.)$", "^(.*)$", "(b|a)+"};
    return std::string(kPatterns[random_.below(std::size(kPatterns))]);
  }
  std::string captured() {
    static constexpr std::string_view kParts[] = {"{capture.1}", "{capture.0}", "/", ".",      "2",
                                                  "%2F",         "a",           "?", "{query}"};
    return random_.below(8) == 0 ? "" : joined(kParts, 3);
  }

  Random& random_;
};

// Where the client is sent when the server says that it is to go where it came from.
std::string mappedBack(std::string_view target, const PathMapping& mapping) {
  Arena arena;
  http::Fields fields;
  fields.add(http::Field::make(arena, "Location", target));
  mapLocations(fields, mapping, {}, arena);
  return std::string(fields[0].value());
}

// Whatever the rules and the request: refused, or a target that is canonical and parses again.
TEST(RewriteRules, ARewrittenTargetParsesAgain) {
  Random random(12);
  RandomRules random_rules(random);
  int rewritten = 0;
  int refused = 0;
  int mapped_back = 0;
  for (int i = 0; i < 200000; ++i) {
    Diagnostics out;
    RewriteRules rules;
    const std::string text = random_rules.rules();
    rules.read(flow(text), out);
    rules.bindTo("/a");
    const std::string target = "/" + random_rules.text(8);
    Arena arena;
    if (out.hasErrors() || !http::parseTarget(target, false, false, arena)) continue;
    Request request(target, {{"Cookie", "c=%2e./\x01"}, {"X", "..\t\xff"}});
    const std::string before = request.target();
    const std::string path(request.head.target.path);
    PathMapping mapping;
    if (!rules.onRequest(request.head, request.scene(), mapping)) {
      ++refused;
      continue;
    }
    const std::string after = request.target();
    rewritten += before != after;
    const auto parsed = http::parseTarget(after, false, false, arena);
    ASSERT_TRUE(parsed) << text << " " << target << " " << after;
    ASSERT_EQ(parsed->path, request.head.target.path) << text << " " << target;
    ASSERT_EQ(parsed->raw_path, parsed->path) << text << " " << target;
    ASSERT_EQ(parsed->query, request.head.target.query) << text << " " << target;
    ASSERT_EQ(parsed->has_query, request.head.target.has_query) << text << " " << target;
    for (const char c : after) ASSERT_TRUE(c > 0x20 && c < 0x7f) << text << " " << target;
    if (!mapping.prefix_changed) continue;
    // Nothing below the route comes back as `/` below it.
    const std::string back = mappedBack(after, mapping);
    ASSERT_TRUE(back == before || back == path + "/" + before.substr(path.size()))
        << text << " " << target << " " << after << " " << back;
    ++mapped_back;
  }
  EXPECT_GT(rewritten, 20000);
  EXPECT_GT(refused, 1000);
  EXPECT_GT(mapped_back, 5000);
}

TEST(RewriteRules, CanonicalisationIsIdempotent) {
  Random random(13);
  RandomRules random_rules(random);
  int canonical = 0;
  for (int i = 0; i < 100000; ++i) {
    Arena arena;
    const std::string path = "/" + random_rules.text(10);
    const auto once = http::canonicalPath(path, arena);
    if (!once) continue;
    const auto twice = http::canonicalPath(*once, arena);
    ASSERT_TRUE(twice) << path;
    ASSERT_EQ(*twice, *once) << path;
    ASSERT_EQ(twice->data(), once->data()) << path;
    ++canonical;
  }
  EXPECT_GT(canonical, 10000);
}

}  // namespace
}  // namespace fairlead::filter
