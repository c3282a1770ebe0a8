// Which words of a server share a cache line: what all workers write with each answer is together,
// and apart from what they only read.
#include <gtest/gtest.h>

#include "pool_for_test.h"

namespace fairlead::upstream {
namespace {

template <typename T>
uintptr_t lineOf(const T& member) {
  return reinterpret_cast<uintptr_t>(&member) / 64;
}

TEST(ServerLines, WhatEachAnswerWritesIsOnTwo) {
  const Pool pool(
      poolOf({{*IpAddress::parse("10.0.0.1"), 80}, {*IpAddress::parse("10.0.0.2"), 80}}));
  const Server& server = serverOf(pool, 0);
  const uintptr_t counts = lineOf(server.in_flight);
  EXPECT_EQ(lineOf(server.latency), counts);
  EXPECT_EQ(lineOf(server.requests), counts);
  EXPECT_EQ(lineOf(server.failures), counts);
  EXPECT_NE(lineOf(server.passive), counts);
}

TEST(ServerLines, ServersShareNone) {
  const Pool pool(
      poolOf({{*IpAddress::parse("10.0.0.1"), 80}, {*IpAddress::parse("10.0.0.2"), 80}}));
  const auto last = [](const Server& server) {
    return (reinterpret_cast<uintptr_t>(&server) + sizeof server - 1) / 64;
  };
  const Server& one = serverOf(pool, 0);
  const Server& other = serverOf(pool, 1);
  EXPECT_TRUE(last(one) < lineOf(other) || last(other) < lineOf(one));
}

TEST(ServerLines, CountsOfPoolsAreApartFromWhatIsRead) {
  const Pool pool(poolOf({{*IpAddress::parse("10.0.0.1"), 80}}));
  EXPECT_NE(lineOf(pool.in_flight), lineOf(pool.settings));
  EXPECT_NE(lineOf(pool.in_flight), lineOf(pool.retrying));
  EXPECT_NE(lineOf(pool.in_flight), lineOf(pool.tallies));
}

}  // namespace
}  // namespace fairlead::upstream
