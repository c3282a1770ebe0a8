// The sentences of the log about pools and servers.
#include "upstream/pool_event.h"

#include <fmt/format.h>

#include "base/units.h"

namespace fairlead::upstream {
namespace {

// Times of pauses are for people: whole milliseconds.
std::string textOf(Duration span) {
  return units::formatDuration(std::chrono::round<std::chrono::milliseconds>(span));
}

std::string wordsOfServer(const PoolEvent& event) {
  switch (event.kind) {
    case PoolEvent::Kind::Up:
      return "is up";
    case PoolEvent::Kind::UpAgain:
      return "is up again: " + event.words;
    case PoolEvent::Kind::Down:
      return "is down: " + event.words;
    case PoolEvent::Kind::Ejected:
      return fmt::format("is ejected for {}: {}", textOf(event.span), event.words);
    case PoolEvent::Kind::LetBack:
      return "is let back: " + event.words;
    case PoolEvent::Kind::Deferred:
      return fmt::format("gets no requests for {}: it asked for that with Retry-After",
                         textOf(event.span));
    default:
      return {};
  }
}

std::string wordsOfPool(const PoolEvent& event) {
  switch (event.kind) {
    case PoolEvent::Kind::NetworkSuspect:
      return fmt::format(
          "{} failed their checks within one interval, and all were fine before: suspect this "
          "host's network",
          event.words);
    case PoolEvent::Kind::NetworkWell:
      return fmt::format(
          "server {} passed its check: this host's network is not suspected any more", event.words);
    case PoolEvent::Kind::BreakerOpened:
      return fmt::format("its circuit breaker is open for {}: {}", textOf(event.span), event.words);
    case PoolEvent::Kind::BreakerClosed:
      return "its circuit breaker is closed again";
    default:
      return {};
  }
}

}  // namespace

std::string sentenceOf(const PoolEvent& event) {
  if (event.server.empty()) return fmt::format("pool {}: {}", event.pool, wordsOfPool(event));
  return fmt::format("pool {}: server {} {}", event.pool, event.server, wordsOfServer(event));
}

bool isBad(const PoolEvent& event) {
  switch (event.kind) {
    case PoolEvent::Kind::Up:
    case PoolEvent::Kind::UpAgain:
    case PoolEvent::Kind::LetBack:
    case PoolEvent::Kind::NetworkWell:
    case PoolEvent::Kind::BreakerClosed:
      return false;
    default:
      return true;
  }
}

}  // namespace fairlead::upstream
