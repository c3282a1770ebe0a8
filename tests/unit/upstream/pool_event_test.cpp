// What the log says of pools and servers, word by word.
#include "upstream/pool_event.h"

#include <gtest/gtest.h>

namespace fairlead::upstream {
namespace {

using namespace std::chrono_literals;
using Kind = PoolEvent::Kind;

struct SentenceRow {
  PoolEvent event;
  const char* sentence;
  bool bad;
};

TEST(PoolEvent, IsASentence) {
  const SentenceRow rows[] = {
      {{Kind::Up, "shop", "a:80", "the check passed"}, "pool shop: server a:80 is up", false},
      {{Kind::UpAgain, "shop", "a:80", "the check passed"},
       "pool shop: server a:80 is up again: the check passed",
       false},
      {{Kind::Down, "shop", "a:80", "connection refused"},
       "pool shop: server a:80 is down: connection refused",
       true},
      {{Kind::Ejected, "shop", "a:80", "5 consecutive failures", 10s},
       "pool shop: server a:80 is ejected for 10s: 5 consecutive failures",
       true},
      {{Kind::LetBack, "shop", "a:80", "2 good checks in a row"},
       "pool shop: server a:80 is let back: 2 good checks in a row",
       false},
      {{Kind::Deferred, "shop", "a:80", "", 4'999'600us},
       "pool shop: server a:80 gets no requests for 5s: it asked for that with Retry-After",
       true},
      {{Kind::NetworkSuspect, "shop", "", "all 3 servers"},
       "pool shop: all 3 servers failed their checks within one interval, and all were fine "
       "before: suspect this host's network",
       true},
      {{Kind::NetworkWell, "shop", "", "a:80"},
       "pool shop: server a:80 passed its check: this host's network is not suspected any more",
       false},
      {{Kind::BreakerOpened, "shop", "", "54 % of 120 requests failed in 10s", 5s},
       "pool shop: its circuit breaker is open for 5s: 54 % of 120 requests failed in 10s",
       true},
      {{Kind::BreakerClosed, "shop"}, "pool shop: its circuit breaker is closed again", false},
  };
  for (const SentenceRow& row : rows) {
    EXPECT_EQ(sentenceOf(row.event), row.sentence);
    EXPECT_EQ(isBad(row.event), row.bad) << row.sentence;
  }
}

}  // namespace
}  // namespace fairlead::upstream
