// What answers mean: the two families together, and messages that are cut anywhere.
#include "discovery/answer.h"

#include <ares.h>
#include <gtest/gtest.h>

#include <string>

#include "addresses.h"

namespace fairlead::discovery {
namespace {

using namespace std::chrono_literals;
using test::addressesOf;
using test::textOf;

Answer found(std::initializer_list<const char*> addresses, Duration ttl) {
  return {.finding = Finding::Addresses, .addresses = addressesOf(addresses), .ttl = ttl};
}
Answer only(Finding finding) { return {.finding = finding}; }

struct JudgeRow {
  const char* name;
  Answer v4;
  Answer v6;
  Finding finding;
  const char* addresses;
  Duration ttl;
  bool partial;
};

TEST(Judge, TakesBothFamiliesTogether) {
  const Answer v4 = found({"10.0.0.2", "10.0.0.1"}, 60s);
  const Answer v6 = found({"fd00::1"}, 30s);
  const JudgeRow rows[] = {
      {"both", v4, v6, Finding::Addresses, "10.0.0.1 10.0.0.2 fd00::1", 30s, false},
      {"the first only", v4, only(Finding::NoAddress), Finding::Addresses, "10.0.0.1 10.0.0.2", 60s,
       false},
      {"the second only", only(Finding::NoAddress), v6, Finding::Addresses, "fd00::1", 30s, false},
      {"NXDOMAIN for AAAA is a server's mistake", v4, only(Finding::NoName), Finding::Addresses,
       "10.0.0.1 10.0.0.2", 60s, false},
      {"silence for AAAA", v4, only(Finding::Silence), Finding::Addresses, "10.0.0.1 10.0.0.2", 60s,
       true},
      {"SERVFAIL for A", only(Finding::NoHelp), v6, Finding::Addresses, "fd00::1", 30s, true},
      {"twice the same", found({"10.0.0.1", "10.0.0.1"}, 1s), only(Finding::NoAddress),
       Finding::Addresses, "10.0.0.1", 1s, false},
  };
  for (const JudgeRow& row : rows) {
    SCOPED_TRACE(row.name);
    const Verdict verdict = judge(row.v4, row.v6);
    EXPECT_EQ(verdict.finding, row.finding);
    EXPECT_EQ(textOf(verdict.names.addresses), row.addresses);
    EXPECT_EQ(verdict.names.ttl, row.ttl);
    EXPECT_EQ(verdict.names.partial, row.partial);
  }
}

struct FailureRow {
  const char* name;
  Finding v4;
  Finding v6;
  Finding together;
};

TEST(Judge, SaysWhyThereIsNothing) {
  using enum Finding;
  const FailureRow rows[] = {
      {"no name", NoName, NoName, NoName},
      {"no address", NoAddress, NoAddress, NoAddress},
      {"NXDOMAIN for one type of a name that exists", NoName, NoAddress, NoAddress},
      {"NXDOMAIN is about all types", NoName, Silence, NoName},
      {"and the other way", NoHelp, NoName, NoName},
      {"no A, and AAAA unknown", NoAddress, Silence, Silence},
      {"no AAAA, and A unknown", NoHelp, NoAddress, NoHelp},
      {"a failure says more than silence", Malformed, Silence, Malformed},
      {"on either side", Silence, NoHelp, NoHelp},
      {"two failures: that of A", Malformed, NoHelp, Malformed},
      {"silence", Silence, Silence, Silence},
  };
  for (const FailureRow& row : rows) {
    SCOPED_TRACE(row.name);
    const Verdict verdict = judge(only(row.v4), only(row.v6));
    EXPECT_EQ(verdict.finding, row.together);
    EXPECT_TRUE(verdict.names.addresses.empty());
  }
}

// A answer about a.test with an alias and two addresses.
std::string message(uint32_t ttl) {
  using namespace std::string_literals;
  const std::string seconds = {static_cast<char>(ttl >> 24), static_cast<char>(ttl >> 16),
                               static_cast<char>(ttl >> 8), static_cast<char>(ttl)};
  const std::string record = "\1b\4test\0\0\1\0\1"s + seconds + "\0\4\x0a\0\0"s;
  return "\1\2\x81\x80\0\1\0\3\0\0\0\0\1a\4test\0\0\1\0\1"s +
         "\xc0\x0c\0\5\0\1\0\0\0\x3c\0\x08\1b\4test\0"s + record + "\1" + record + "\2";
}

Answer readV4(std::string_view bytes) {
  return readAnswer(Family::V4, ARES_SUCCESS,
                    {reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size()});
}

struct TtlRow {
  const char* name;
  uint32_t sent;
  Duration seen;
};

TEST(ReadAnswer, TakesTheShortestTimeToLive) {
  const TtlRow rows[] = {
      {"shorter than the alias's", 20, 20s},
      {"longer than the alias's", 600, 60s},
      {"none", 0, 0s},
      {"the sign bit set (RFC 2181 section 8)", 0x80000001, 0s},
  };
  for (const TtlRow& row : rows) {
    SCOPED_TRACE(row.name);
    const Answer answer = readV4(message(row.sent));
    EXPECT_EQ(answer.finding, Finding::Addresses);
    EXPECT_EQ(textOf(answer.addresses), "10.0.0.1 10.0.0.2");
    EXPECT_EQ(answer.ttl, row.seen);
  }
}

TEST(ReadAnswer, OfACutMessageIsNoAddress) {
  const std::string whole = message(60);
  for (size_t length = 0; length < whole.size(); ++length) {
    SCOPED_TRACE(length);
    // A copy of its own, so that reading beyond the end is seen by the address sanitizer.
    const std::vector<char> cut(whole.data(), whole.data() + length);
    const Answer answer = readV4({cut.data(), cut.size()});
    EXPECT_EQ(answer.finding, Finding::Malformed);
    EXPECT_TRUE(answer.addresses.empty());
  }
}

TEST(ReadAnswer, OfTheOtherFamilyIsNoAddress) {
  const std::string whole = message(60);
  const Answer answer =
      readAnswer(Family::V6, ARES_SUCCESS,
                 {reinterpret_cast<const unsigned char*>(whole.data()), whole.size()});
  EXPECT_EQ(answer.finding, Finding::NoAddress);
}

}  // namespace
}  // namespace fairlead::discovery
