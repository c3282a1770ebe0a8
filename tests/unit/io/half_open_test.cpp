// Who has not been accepted yet.
#include "io/half_open.h"

#include <gtest/gtest.h>

#include <array>

#include "io/listener.h"
#include "io/reactor.h"
#include "support/no_more_descriptors.h"
#include "support/sockets.h"

namespace fairlead::io {
namespace {

struct Row {
  const char* name;
  std::string_view line;
  bool expected;
};

TEST(HalfOpen, IsReadFromTheKernelsTable) {
  constexpr std::array<uint16_t, 2> kPorts{8080, 443};
  const Row rows[] = {
      {"half open", "   4: 0100007F:1F90 0100007F:C350 03 00000000:00000000 01:00000064", true},
      {"another of the ports", "   4: 0100007F:01BB 0100007F:C350 03 00000000:00000000", true},
      {"of IPv6",
       "   0: 00000000000000000000000001000000:1F90 00000000000000000000000001000000:C350 03 0",
       true},
      {"a long number of the line", "12345: 0100007F:1F90 0100007F:C350 03 00000000", true},
      {"established", "   4: 0100007F:1F90 0100007F:C350 01 00000000:00000000", false},
      {"listening", "   4: 0100007F:1F90 00000000:0000 0A 00000000:00000000", false},
      {"another port", "   4: 0100007F:1F91 0100007F:1F90 03 00000000:00000000", false},
      {"the headings", "  sl  local_address rem_address   st tx_queue rx_queue tr", false},
      {"no port", "   4: 0100007F 0100007F:C350 03 00000000:00000000", false},
      {"no number", "   4: 0100007F:xyz 0100007F:C350 03 00000000:00000000", false},
      {"a port beyond 16 bits", "   4: 0100007F:11F90 0100007F:C350 03 00000000:0000", false},
      {"cut off", "   4: 0100007F:1F90", false},
      {"nothing", "", false},
  };
  for (const Row& row : rows) EXPECT_EQ(isHalfOpen(row.line, kPorts), row.expected) << row.name;
}

TEST(HalfOpen, KnowsWhoIsHeldBack) {
  const ListenAddress rows[] = {
      {.address = test::loopback(0), .any = false, .unix_path = {}},
      {.address = {}, .any = true, .unix_path = {}},  // of IPv6, where there is one
  };
  for (const ListenAddress& at : rows) {
    SCOPED_TRACE(at.text());
    Reactor reactor;
    auto fd = openListener(at, Share::No);
    ASSERT_TRUE(fd);
    const uint16_t port = test::addressOf(fd->get()).port;
    Listener listener(reactor, std::move(*fd));
    listener.holdBackSilent(true);
    EXPECT_FALSE(anyHalfOpen({&port, 1}));
    // On a busy machine with a long table the look may take longer than the holding back.
    Descriptor client;
    bool seen = false;
    for (int tries = 20; tries > 0 && !seen; --tries) {
      while (listener.acceptNow()) {
      }
      client = test::connectTo(test::loopback(port));
      seen = anyHalfOpen({&port, 1});
    }
    EXPECT_TRUE(seen);
    ASSERT_EQ(::send(client.get(), "x", 1, 0), 1);
    EXPECT_TRUE(listener.acceptNow());
  }
}

// Out of descriptors, say.
TEST(HalfOpen, MayBeThereWhereTheTableCannotBeRead) {
  constexpr std::array<uint16_t, 1> kNobodys{1};
  EXPECT_FALSE(anyHalfOpen(kNobodys));
  const test::NoMoreDescriptors now;
  EXPECT_TRUE(anyHalfOpen(kNobodys));
}

}  // namespace
}  // namespace fairlead::io
