// Durations and shares as settings that have no meaning below a least value.
#pragma once

#include "base/settings.h"

namespace fairlead {

// No value, nothing is read. Less than `least` is a finding; `off` is no duration.
void readSpan(const Value* value, Duration least, Setting<Duration>& into, Diagnostics& out);
// The same, and `off` gives 0.
void readSpanOrOff(const Value* value, Duration least, Setting<Duration>& into, Diagnostics& out);
// A percentage of more than nothing.
void readShare(const Value* value, Setting<double>& into, Diagnostics& out);

// `off` as `show` writes it.
Value shownOff(Mark origin);
Value shownSpan(const Setting<Duration>& span);  // 0 is `off`
Value shownShare(const Setting<double>& share);
Value shownCount(const Setting<uint32_t>& count);

}  // namespace fairlead
