// Names to addresses: literals and the names that resolve without anybody's help.
#include "control/resolver.h"

#include <gtest/gtest.h>

namespace fairlead::control {
namespace {

struct Row {
  const char* name;
  const char* host;
  const char* must_hold;  // one of the addresses; empty: none at all
};

TEST(Resolve, Names) {
  const Row rows[] = {
      {"IPv4 literal", "192.0.2.7", "192.0.2.7:81"},
      {"IPv6 literal", "2001:db8::1", "[2001:db8::1]:81"},
      {"localhost", "localhost", "127.0.0.1:81"},
      {"localhost in capitals", "LOCALHOST", "127.0.0.1:81"},
      {"below localhost", "shop.localhost", "127.0.0.1:81"},
      {"never a name (RFC 6761)", "shop.invalid", ""},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.name);
    bool found = false;
    const auto addresses = resolve(row.host, 81);
    for (const SocketAddress& address : addresses) found |= address.text() == row.must_hold;
    if (*row.must_hold == '\0') {
      EXPECT_TRUE(addresses.empty());
    } else {
      EXPECT_TRUE(found);
    }
  }
}

TEST(Resolver, FirstRoundFillsTheEndpoints) {
  auto endpoint = std::make_shared<balance::Endpoint>();
  endpoint->host = "127.0.0.1";
  endpoint->port = 81;
  Resolver resolver({endpoint});
  resolver.awaitFirstRound(std::chrono::seconds(10));
  const auto addresses = endpoint->addresses.get();
  ASSERT_EQ(addresses.size(), 1u);
  EXPECT_EQ(addresses[0].text(), "127.0.0.1:81");
}

}  // namespace
}  // namespace fairlead::control
