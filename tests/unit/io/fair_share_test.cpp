// Fair shares: used up by octets or by many small pieces, and anew in each turn.
#include "io/fair_share.h"

#include <gtest/gtest.h>

namespace fairlead::io {
namespace {

using namespace std::chrono_literals;

TEST(FairShare, IsUsedUpByOctets) {
  Reactor reactor;
  FairShare share(reactor);
  EXPECT_FALSE(share.isUsedUp());
  share.count(FairShare::kOctets / 2);
  EXPECT_FALSE(share.isUsedUp());
  share.count(FairShare::kOctets / 2);
  EXPECT_TRUE(share.isUsedUp());
}

TEST(FairShare, IsUsedUpByManySmallPieces) {
  Reactor reactor;
  FairShare share(reactor);
  int pieces = 0;
  for (; !share.isUsedUp(); ++pieces) share.count(1);
  EXPECT_GT(pieces, 16);
  EXPECT_LE(pieces, 64);
}

TEST(FairShare, ComesAnewWithTheTurn) {
  Reactor reactor;
  FairShare share(reactor);
  share.count(FairShare::kOctets);
  reactor.turn(1ms);
  EXPECT_FALSE(share.isUsedUp());
  share.count(1);
  EXPECT_FALSE(share.isUsedUp());
}

}  // namespace
}  // namespace fairlead::io
