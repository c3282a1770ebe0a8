// How it is found out which servers are well: by checks in the background, and by what becomes of
// requests.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/settings.h"
#include "upstream/health_expect.h"
#include "upstream/named_fields.h"
#include "upstream/passive_settings.h"

namespace fairlead::upstream {

using namespace std::chrono_literals;

extern const Section kHealthKeys;

struct HealthSettings {
  Setting<bool> on{true};    // built-in: only for pools of two or more servers, see `explicit_on`
  bool explicit_on = false;  // `health:` was written somewhere, so a pool of one is checked as well
  Setting<std::string> path;  // empty: a TCP connect check
  Setting<std::string> method{"GET"};
  Setting<std::string> host;  // empty: the server's own address
  Setting<Duration> every{2s};
  Setting<Duration> timeout{1s};
  Setting<uint32_t> fall{3};
  Setting<uint32_t> rise{2};
  Setting<uint32_t> port{0};  // 0: the server's own
  HealthExpect expect;
  std::vector<std::pair<std::string, std::string>> headers;  // sent with the check
  std::vector<Mark> header_origins;                          // beside `headers`
  PassiveSettings passive;

  // A string is `path`; `off` also switches passive checks off.
  void read(const Value& value, Diagnostics& out);
  // As it would be written in the file; what only HTTP checks have is left out of others.
  Value show() const;

  // Are the servers of a pool checked? Built-in for two and more, else only when asked for.
  bool inForceFor(size_t servers) const { return on && (explicit_on || servers > 1); }

  struct GivenKey {
    std::string_view key;
    Mark mark;
  };
  // What was said that only HTTP checks have; without `path` it is said in vain.
  std::vector<GivenKey> keysOfHttp() const;
  // Was a path asked for, be it one that is none and was reported?
  bool meansHttp() const { return !path.value.empty() || !path.origin.isBuiltIn(); }

 private:
  void switchOff(Mark mark);
  // Are passive checks off because of `health: off`? Then they come back with the others.
  bool tookPassiveAlong() const { return !on && passive.on.origin == on.origin; }
  NamedFields namedHeaders() const;
  void readHeaders(const Value* value, Diagnostics& out);
};

}  // namespace fairlead::upstream
