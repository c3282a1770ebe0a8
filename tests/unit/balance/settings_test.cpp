// What `balance` may say, what it means, and the words in which the rest is refused.
#include "balance/settings.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace fairlead::balance {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

constexpr Mark kMark{0, 3, 5, 1};

Value scalar(std::string text) { return Value::scalar(std::move(text), kMark); }

Value mapping(const Pairs& pairs) {
  Value value = Value::map(kMark);
  for (const auto& [key, text] : pairs) value.put(key, scalar(text));
  return value;
}

Value quoted(std::string text) {
  Value value = scalar(std::move(text));
  value.quoted = true;
  return value;
}

std::string shown(const BalanceSettings& settings) {
  const Value value = settings.show();
  if (value.isScalar()) return value.text;
  std::string text;
  for (const Value::Entry& entry : value.entries)
    text += (text.empty() ? "" : ", ") + entry.key.text + ": " + entry.value.text;
  return "{ " + text + " }";
}

TEST(BalanceSettings, BeginsWithP2c) {
  const BalanceSettings settings;
  EXPECT_EQ(settings.policy.value, findPolicy("p2c"));
  EXPECT_TRUE(settings.policy.origin.isBuiltIn());
  EXPECT_EQ(settings.key.value, KeySource::None);
  EXPECT_EQ(settings.bounded_load.value, 0);
  EXPECT_EQ(settings.text(), "p2c");
  EXPECT_EQ(shown(settings), "p2c");
}

struct GoodRow {
  const char* name;
  Value value;
  const char* text;
  const char* shown;
};

const GoodRow kGood[] = {
    {"a word", scalar("round_robin"), "round_robin", "round_robin"},
    {"another word", scalar("least_latency"), "least_latency", "least_latency"},
    {"the default method", mapping({{"hash", "client_ip"}}), "maglev by client_ip",
     "{ hash: client_ip, method: maglev, bounded_load: off }"},
    {"path", mapping({{"hash", "path"}, {"method", "ring"}}), "ring by path",
     "{ hash: path, method: ring, bounded_load: off }"},
    {"uri", mapping({{"hash", "uri"}, {"method", "rendezvous"}}), "rendezvous by uri",
     "{ hash: uri, method: rendezvous, bounded_load: off }"},
    {"a field", mapping({{"hash", "header:X-User"}}), "maglev by header:X-User",
     "{ hash: header:X-User, method: maglev, bounded_load: off }"},
    {"a cookie", mapping({{"hash", "cookie:sid"}, {"bounded_load", "1.25"}}),
     "maglev by cookie:sid, bounded to 1.25",
     "{ hash: cookie:sid, method: maglev, bounded_load: 1.25 }"},
    {"a parameter", mapping({{"hash", "param:user id"}, {"bounded_load", "2"}}),
     "maglev by param:user id, bounded to 2",
     "{ hash: param:user id, method: maglev, bounded_load: 2 }"},
    {"a parameter with a colon", mapping({{"hash", "param:a:b"}}), "maglev by param:a:b",
     "{ hash: param:a:b, method: maglev, bounded_load: off }"},
    {"the tightest bound", mapping({{"hash", "uri"}, {"bounded_load", "1.0"}}),
     "maglev by uri, bounded to 1", "{ hash: uri, method: maglev, bounded_load: 1 }"},
    {"no bound", mapping({{"hash", "uri"}, {"bounded_load", "off"}}), "maglev by uri",
     "{ hash: uri, method: maglev, bounded_load: off }"},
};

TEST(BalanceSettings, ReadsWordsAndMappings) {
  for (const GoodRow& row : kGood) {
    SCOPED_TRACE(row.name);
    BalanceSettings settings;
    Diagnostics out;
    settings.read(row.value, out);
    EXPECT_TRUE(out.all().empty()) << out.all().front().message;
    EXPECT_EQ(settings.text(), row.text);
    EXPECT_EQ(shown(settings), row.shown);
  }
}

TEST(BalanceSettings, KnowsWhereEachValueStood) {
  BalanceSettings settings;
  Diagnostics out;
  settings.read(mapping({{"hash", "header:X-User"}}), out);
  EXPECT_EQ(settings.key.value, KeySource::Header);
  EXPECT_EQ(settings.key_name, "X-User");
  EXPECT_EQ(settings.key.origin, kMark);
  EXPECT_TRUE(settings.policy.origin.isBuiltIn());
  EXPECT_TRUE(settings.bounded_load.origin.isBuiltIn());
  settings.read(mapping({{"method", "ring"}}), out);
  EXPECT_EQ(settings.policy.origin, kMark);
  EXPECT_TRUE(out.all().empty());
}

TEST(BalanceSettings, InnerMappingsMergeAndWordsReplace) {
  struct Row {
    const char* name;
    Value outer;
    Value inner;
    const char* text;
  };
  const Row rows[] = {
      {"another key", mapping({{"hash", "path"}, {"method", "ring"}}),
       mapping({{"hash", "cookie:sid"}}), "ring by cookie:sid"},
      {"another method", mapping({{"hash", "header:X"}}), mapping({{"method", "rendezvous"}}),
       "rendezvous by header:X"},
      {"a bound", mapping({{"hash", "path"}}), mapping({{"bounded_load", "1.5"}}),
       "maglev by path, bounded to 1.5"},
      {"no bound", mapping({{"hash", "path"}, {"bounded_load", "1.5"}}),
       mapping({{"bounded_load", "off"}}), "maglev by path"},
      {"a word over a key", mapping({{"hash", "path"}, {"bounded_load", "1.5"}}), scalar("random"),
       "random"},
      {"a key over a word", scalar("random"), mapping({{"hash", "path"}}), "maglev by path"},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    BalanceSettings settings;
    Diagnostics out;
    settings.read(row.outer, out);
    settings.read(row.inner, out);
    EXPECT_TRUE(out.all().empty());
    EXPECT_EQ(settings.text(), row.text);
  }
}

TEST(BalanceSettings, AWordForgetsTheOuterKey) {
  BalanceSettings settings;
  Diagnostics out;
  settings.read(mapping({{"hash", "cookie:sid"}, {"bounded_load", "1.5"}}), out);
  settings.read(scalar("p2c"), out);
  EXPECT_EQ(settings.key.value, KeySource::None);
  EXPECT_EQ(settings.key_name, "");
  EXPECT_EQ(settings.bounded_load.value, 0);
  settings.read(mapping({{"method", "ring"}}), out);
  EXPECT_EQ(out.all().size(), 1u);
}

struct BadRow {
  Value value;
  const char* message;
  const char* expected;
  const char* suggestion;
};

constexpr const char* kWords =
    "one of p2c, round_robin, random, least_connections, least_latency, first";
constexpr const char* kSources =
    "one of client_ip, path, uri, header:NAME, cookie:NAME or param:NAME";
constexpr const char* kBesideIt =
    "`hash` beside it: one of client_ip, path, uri, header:NAME, cookie:NAME or param:NAME";
constexpr const char* kNumber = "a number from 1.0 to 100, such as 1.25, or `off`";

std::vector<BadRow> badRows() {
  Value nested = Value::map(kMark);
  nested.put("hash", mapping({{"header", "X-User"}}));
  Value two = Value::map(kMark);
  two.put("hash", mapping({{"header", "X-User"}, {"cookie", "a"}}));
  Value quoted_bound = mapping({{"hash", "uri"}});
  quoted_bound.put("bounded_load", quoted("1.5"));
  const auto hash = [](const char* text) { return mapping({{"hash", text}}); };
  const auto bound = [](const char* text) {
    return mapping({{"hash", "uri"}, {"bounded_load", text}});
  };
  return {
      {scalar("fastest"), "`fastest` is not known here", kWords, ""},
      {scalar("round-robin"), "`round-robin` is not known here", kWords,
       "did you mean `round_robin`?"},
      {scalar("least_conections"), "`least_conections` is not known here", kWords,
       "did you mean `least_connections`?"},
      {Value::list(kMark), "this cannot be a list", kWords, ""},
      {scalar("off"), "`off` is not known here", kWords, ""},
      {scalar("maglev"), "`maglev` needs to know the key of a request", "",
       "did you mean `{ hash: client_ip, method: maglev }`?"},
      {scalar("ring"), "`ring` needs to know the key of a request", "",
       "did you mean `{ hash: client_ip, method: ring }`?"},
      {scalar("client_ip"), "`client_ip` is a key, not a way to balance", "",
       "did you mean `{ hash: client_ip }`?"},
      {scalar("header:X-User"), "`header:X-User` is a key, not a way to balance", "",
       "did you mean `{ hash: header:X-User }`?"},
      {mapping({}), "this says nothing of how a server is chosen",
       "a word such as p2c, or `{ hash: client_ip }`", ""},
      {mapping({{"method", "ring"}}), "`method` needs a `hash`", kBesideIt, ""},
      {mapping({{"bounded_load", "1.25"}}), "`bounded_load` needs a `hash`", kBesideIt, ""},
      {mapping({{"hsah", "uri"}}), "unknown key `hsah` in balance", "", "did you mean `hash`?"},
      {mapping({{"policy", "p2c"}}), "unknown key `policy` in balance",
       "one of hash, method, bounded_load", ""},
      {hash("clientip"), "`clientip` is not known here", kSources, "did you mean `client_ip`?"},
      {hash("heder:X-User"), "`heder:X-User` is not known here", kSources,
       "did you mean `header:X-User`?"},
      {hash("client_ip:X"), "`client_ip:X` is not known here", kSources,
       "did you mean `client_ip`?"},
      {hash("session"), "`session` is not known here", kSources, ""},
      {hash(""), "`` is not known here", kSources, ""},
      {hash("header"), "`header` needs a name", "header:NAME, such as header:X-User", ""},
      {hash("cookie:"), "`cookie` needs a name", "cookie:NAME, such as cookie:user", ""},
      {hash("header:X User"), "`X User` is not a name of a header",
       "letters, digits and `-` or `_`", ""},
      {hash("header::authority"), "`:authority` is not a name of a header",
       "letters, digits and `-` or `_`", ""},
      {hash("param:a\nb"), "`a\nb` is not a name of a param", "letters, digits and `-` or `_`", ""},
      {nested, "this cannot be a mapping", kSources,
       "did you mean `header:X-User`, without a space?"},
      {two, "this cannot be a mapping", kSources, ""},
      {mapping({{"hash", "uri"}, {"method", "p2c"}}), "`p2c` is not known here",
       "one of maglev, ring, rendezvous", ""},
      {mapping({{"hash", "uri"}, {"method", "magleev"}}), "`magleev` is not known here",
       "one of maglev, ring, rendezvous", "did you mean `maglev`?"},
      {bound("0.5"), "0.5 is too small",
       "at least 1.0, which is an equal load for all: a number from 1.0 to 100, such as 1.25, or "
       "`off`",
       ""},
      {bound("0"), "0 is too small",
       "at least 1.0, which is an equal load for all: a number from 1.0 to 100, such as 1.25, or "
       "`off`",
       ""},
      {bound("101"), "101 is too large", kNumber, ""},
      {bound("125%"), "`125%` is not a number", kNumber, "did you mean `1.25`?"},
      {bound("-1"), "`-1` is not a number", kNumber, ""},
      {bound("1e1"), "`1e1` is not a number", kNumber, ""},
      {bound("1."), "`1.` is not a number", kNumber, ""},
      {bound(".5"), "`.5` is not a number", kNumber, ""},
      {bound("inf"), "`inf` is not a number", kNumber, ""},
      {bound("on"), "`on` is not a number", kNumber, ""},
      {quoted_bound, "this is a text, because of its quotes", kNumber, ""},
  };
}

TEST(BalanceSettings, RefusesWithASentence) {
  for (const BadRow& row : badRows()) {
    SCOPED_TRACE(row.message);
    BalanceSettings settings;
    Diagnostics out;
    settings.read(row.value, out);
    ASSERT_EQ(out.all().size(), 1u);
    const Diagnostic& finding = out.all().front();
    EXPECT_EQ(finding.message, row.message);
    EXPECT_EQ(finding.expected, row.expected);
    EXPECT_EQ(finding.suggestion, row.suggestion);
    EXPECT_EQ(finding.mark, kMark);
  }
}

TEST(BalanceSettings, TellsAllFaultsAtOnce) {
  BalanceSettings settings;
  Diagnostics out;
  settings.read(mapping({{"hash", "ip"}, {"method", "x"}, {"bounded_load", "0.1"}}), out);
  EXPECT_EQ(out.all().size(), 3u);
  out = {};
  settings.read(mapping({{"method", "ring"}, {"bounded_load", "2"}}), out);
  EXPECT_EQ(out.all().size(), 2u);
}

}  // namespace
}  // namespace fairlead::balance
