// Nobody gets around a rule by spelling: whatever is the same path is judged the same way, and
// reaches the server as the same bytes.
#include <gtest/gtest.h>

#include <array>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "base/random.h"
#include "decided.h"
#include "plan_for_test.h"

namespace fairlead::proxy {
namespace {

template <typename T, size_t kSize>
const T& oneOf(Random& random, const std::array<T, kSize>& all) {
  return all[random.below(kSize)];
}

bool happens(Random& random, uint64_t one_in) { return random.below(one_in) == 0; }

// --- canonical paths

// What a segment is made of; an escape is one that stays, and stands in upper case. Few of them, so
// that rules and paths meet.
constexpr std::array<std::string_view, 20> kPieces = {
    "a", "b",   "A",   "z",   "0",   "-",   "_",      ".",      "..", "~",
    ";", "%2F", "%5C", "%25", "%20", "%3B", "%C3%A9", "%C0%AE", "$",  "@"};
constexpr std::array<std::string_view, 8> kWords = {"admin", ".git", "x",   "Admin",
                                                    "a.b",   "...",  "..x", "admin."};

// Is it a dot segment, or one that is followed by a semicolon, which is 400?
bool isDotted(std::string_view segment) {
  const std::string_view name = segment.substr(0, segment.find(';'));
  return name == "." || name == "..";
}

std::string randomSegment(Random& random) {
  for (;;) {
    std::string segment;
    if (!happens(random, 3)) return std::string(oneOf(random, kWords));
    for (uint64_t n = 1 + random.below(3); n > 0; --n) segment += oneOf(random, kPieces);
    if (!isDotted(segment)) return segment;
  }
}

using Segments = std::vector<std::string>;

struct Path {
  Segments segments;
  bool is_closed = false;  // by a slash, as "/" is

  std::string text() const {
    std::string text;
    for (const std::string& segment : segments) text += "/" + segment;
    return is_closed || segments.empty() ? text + "/" : text;
  }
};

Path randomPath(Random& random) {
  Path path;
  for (uint64_t n = random.below(4); n > 0; --n) path.segments.push_back(randomSegment(random));
  path.is_closed = happens(random, 4);
  return path;
}

// --- and how else they may be written

char inEitherCase(Random& random, char hex) {
  return hex >= 'A' && happens(random, 2) ? static_cast<char>(hex | 0x20) : hex;
}

std::string escapeOf(Random& random, char c) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  const auto octet = static_cast<unsigned char>(c);
  return {'%', inEitherCase(random, kHex[octet >> 4]), inEitherCase(random, kHex[octet & 15])};
}

bool isUnreserved(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
         std::string_view("-._~").find(c) != std::string_view::npos;
}

// The segment with some of its unreserved characters encoded, and its escapes in either letter
// case.
std::string spellSegment(Random& random, std::string_view segment) {
  std::string spelling;
  for (size_t i = 0; i < segment.size(); ++i) {
    if (segment[i] == '%') {
      spelling += {'%', inEitherCase(random, segment[i + 1]), inEitherCase(random, segment[i + 2])};
      i += 2;
    } else if (isUnreserved(segment[i]) && happens(random, 4)) {
      spelling += escapeOf(random, segment[i]);
    } else {
      spelling += segment[i];
    }
  }
  return spelling;
}

// What leads nowhere, between two slashes: nothing, a dot, or a segment and back.
std::string detour(Random& random) {
  switch (random.below(4)) {
    case 0:
      return "/";
    case 1:
      return "/" + spellSegment(random, ".");
    case 2:
      return "/" + spellSegment(random, randomSegment(random)) + "/" + spellSegment(random, "..");
    default:
      return "/" + spellSegment(random, randomSegment(random)) + detour(random) + "/" +
             spellSegment(random, "..");
  }
}

std::string detours(Random& random) {
  std::string all;
  while (happens(random, 4)) all += detour(random);
  return all;
}

// A path as someone might write it who wants another one to be seen. It always ends with what it
// is: a detour at the end stands for the slash.
std::string spellPath(Random& random, const Path& path) {
  std::string spelling;
  for (const std::string& segment : path.segments)
    spelling += detours(random) + "/" + spellSegment(random, segment);
  if (!path.is_closed && !path.segments.empty()) return spelling;
  return spelling + detours(random) + (happens(random, 3) ? detour(random) : "/");
}

// --- rules and requests

constexpr std::array<std::string_view, 5> kNetworks = {"10.0.0.0/8", "10.1.0.0/16", "10.1.2.3",
                                                       "\"::/0\"", "\"2001:db8::/32\""};
constexpr std::array<std::string_view, 5> kPeers = {"10.0.0.1", "10.1.2.3", "192.0.2.1",
                                                    "2001:db8::7", "::ffff:10.1.2.3"};
constexpr std::array<std::string_view, 4> kMethods = {"GET", "POST", "HEAD", "BREW"};

std::string randomNetworks(Random& random) {
  std::string list;
  for (uint64_t n = random.below(3); n > 0; --n)
    list += std::string(list.empty() ? "" : ", ") + std::string(oneOf(random, kNetworks));
  return "[" + list + "]";
}

// Some canonical, some spelled oddly in the file.
std::string randomPaths(Random& random) {
  std::string list;
  for (uint64_t n = random.below(4); n > 0; --n) {
    Path path = randomPath(random);
    if (path.segments.empty()) path.segments.push_back(randomSegment(random));
    const std::string text = happens(random, 2) ? spellPath(random, path) : path.text();
    list += (list.empty() ? "\"" : ", \"") + text + "\"";
  }
  return "[" + list + "]";
}

// The mapping of `firewall_rules`, as it would stand in a file: one line for each kind of rule.
std::string randomRules(Random& random) {
  std::string rules;
  const auto add = [&](std::string_view key, const std::string& value) {
    rules += std::string(rules.empty() ? "" : ", ") + std::string(key) + ": " + value;
  };
  if (happens(random, 4)) add("ip_reject", randomNetworks(random));
  if (happens(random, 4)) add("ip_allow", randomNetworks(random));
  if (!happens(random, 4)) add("path_reject", randomPaths(random));
  return "{ " + rules + " }";
}

// Rules at the three levels, and routes of which some stand where paths will be.
class Levels {
 public:
  explicit Levels(Random& random) {
    readRules(made_.plan().firewall, random);
    const route::HostId host = made_.addHost("a.test");
    readRules(made_.host(host).firewall, random);
    readRules(made_.addRoute({.host = host, .name = "/"}).firewall, random);
    for (const std::string_view path : {"/admin", "/x", "/a.b"})
      readRules(made_.addRoute({.host = host, .path = std::string(path), .name = std::string(path)})
                    .firewall,
                random);
    made_.finished();
  }

  const Plan& plan() { return made_.plan(); }
  const std::string& text() const { return text_; }

 private:
  void readRules(firewall::FirewallRules& rules, Random& random) {
    const std::string text = randomRules(random);
    made_.read(rules, text);
    text_ += text + "\n";
  }

  PlanForTest made_;
  std::string text_;  // of all rules, outermost first
};

struct Ask {
  std::string_view method;
  std::string_view peer;
  std::string_view query;

  explicit Ask(Random& random)
      : method(oneOf(random, kMethods)),
        peer(oneOf(random, kPeers)),
        query(happens(random, 3) ? "?a=/../admin" : "") {}

  std::string linesFor(std::string_view target) const {
    return std::string(method) + " " + std::string(target) + std::string(query) +
           " HTTP/1.1\r\nHost: a.test\r\nX-Request-Id: 1\r\n";
  }
};

// All that a rule or a server could be told apart by.
struct Verdict {
  bool blocked = false;
  std::string rule;
  std::string route;
  std::string path;
  std::string wire;  // empty when nothing is sent

  Verdict(const Plan& plan, const Ask& ask, std::string_view target) {
    Decided decided(plan, ask.linesFor(target), ask.peer);
    blocked = decided->firewall.blocked.has_value();
    if (decided->answer) rule = decided->answer->rule;
    if (decided->route) route = decided->route->name;
    path = decided.head().target.path;
    if (!decided->answer) wire = decided.wire();
  }
  bool operator==(const Verdict&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Verdict& verdict) {
  return out << (verdict.blocked ? "blocked by " + verdict.rule : "passed on") << ", route "
             << verdict.route << ", path " << verdict.path << ", " << verdict.wire;
}

constexpr uint64_t kPlans = 250;
constexpr int kPaths = 10;
constexpr int kSpellings = 4;

TEST(Spelling, DoesNotChangeTheVerdict) {
  size_t blocked = 0;
  size_t odd = 0;
  for (uint64_t seed = 0; seed < kPlans; ++seed) {
    Random random(seed);
    Levels levels(random);
    for (int i = 0; i < kPaths; ++i) {
      const Ask ask(random);
      const Path path = randomPath(random);
      const std::string canonical = path.text();
      const Verdict expected(levels.plan(), ask, canonical);
      ASSERT_EQ(expected.path, canonical) << "not canonical, seed " << seed;
      for (int j = 0; j < kSpellings; ++j) {
        std::string spelling = spellPath(random, path);
        odd += spelling != canonical;
        blocked += expected.blocked;
        if (happens(random, 5)) spelling = "http://a.test" + spelling;
        ASSERT_EQ(Verdict(levels.plan(), ask, spelling), expected)
            << "seed " << seed << "\n"
            << ask.linesFor(spelling) << "from " << ask.peer << "\nrules, outermost first:\n"
            << levels.text();
      }
    }
  }
  constexpr size_t kCases = kPlans * kPaths * kSpellings;
  EXPECT_GT(odd, kCases / 2) << "too many spellings are the canonical one";
  EXPECT_GT(blocked, kCases / 10) << "rules and paths meet too seldom to say much";
  EXPECT_LT(blocked, kCases * 9 / 10) << "too much is blocked to say much";
}

// `$`, `@` and `;` of a canonical path, some of them encoded: another path for HTTP, none for
// rules.
std::string hideDelimiters(Random& random, std::string_view path) {
  std::string hidden;
  for (const char c : path)
    hidden += std::string_view("$@;").find(c) != std::string_view::npos && happens(random, 2)
                  ? escapeOf(random, c)
                  : std::string(1, c);
  return hidden;
}

TEST(Spelling, OfDelimitersHidesNothing) {
  size_t blocked = 0;
  for (uint64_t seed = 0; seed < kPlans; ++seed) {
    Random random(seed);
    Levels levels(random);
    for (int i = 0; i < kPaths; ++i) {
      const Ask ask(random);
      const std::string path = randomPath(random).text();
      const std::string hidden = hideDelimiters(random, path);
      const Verdict expected(levels.plan(), ask, path);
      const Verdict found(levels.plan(), ask, hidden);
      blocked += expected.blocked && hidden != path;
      ASSERT_EQ(std::tie(found.blocked, found.rule), std::tie(expected.blocked, expected.rule))
          << "seed " << seed << "\n"
          << ask.linesFor(hidden) << "from " << ask.peer << "\nrules, outermost first:\n"
          << levels.text();
    }
  }
  EXPECT_GT(blocked, kPlans / 10) << "delimiters and rules meet too seldom to say much";
}

}  // namespace
}  // namespace fairlead::proxy
