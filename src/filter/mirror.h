// mirror: a share of a route's requests is copied to a second pool, whose answers nobody sees.
#pragma once

#include <string>

#include "base/settings.h"

namespace fairlead::filter {

extern const Section kMirrorKeys;

// The settings of `mirror: { pool: shadow, percent: 10 }`; a pool's name alone is the short form.
// Read key by key over the values of the outer level. The copies are made and sent by
// proxy/mirror.cpp.
struct MirrorSettings {
  // More octets of bodies than that are never held for copies by one worker.
  static constexpr uint64_t kLargestBody = uint64_t{16} << 20;

  Setting<std::string> pool;                        // empty: no mirror
  Setting<double> share{1.0};                       // of the requests, 0 to 1
  Setting<uint64_t> max_body{uint64_t{64} * 1024};  // octets; larger requests are not copied

  void read(const Value& value, Diagnostics& out);  // a text is `pool`; `off`
  bool isOn() const { return !pool.value.empty(); }
  // As it would be written in the file; an empty mapping when it is off.
  Value show() const;
};

}  // namespace fairlead::filter
