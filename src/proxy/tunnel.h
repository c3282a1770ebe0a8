// After an upgrade: bytes in both directions, each ended on its own, until both are.
#pragma once

#include "base/result.h"
#include "io/buffer_pool.h"
#include "io/stream.h"
#include "session/receive_window.h"
#include "task/task.h"

namespace fairlead::proxy {

struct TunnelEnd {
  io::Stream& stream;
  session::ReceiveWindow& window;  // what came before the tunnel stood is in here
};

struct TunnelBytes {
  uint64_t from_client = 0;
  uint64_t from_upstream = 0;
};

// Ends when both sides have ended, when one is broken, or when neither said anything for `idle`.
// An orderly end of one direction is passed on and leaves the other one open (half-close).
Task<Result<void>> tunnel(TunnelEnd client, TunnelEnd upstream, Duration idle, TunnelBytes& bytes);

}  // namespace fairlead::proxy
