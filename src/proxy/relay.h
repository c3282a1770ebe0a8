// The only body pump, for requests and responses: what comes off one framing goes out under
// another.
#pragma once

#include "base/arena.h"
#include "session/body_reader.h"
#include "session/body_writer.h"
#include "task/task.h"

namespace fairlead::proxy {

class BodyCopy;

struct RelayTerms {
  Duration idle{0};          // silence of either side
  uint64_t min_rate = 0;     // octets per second that the client must move on average; 0: none
  TimePoint until = kNever;  // the exchange's own deadline
  // Which end is the client's: only its slowness is judged by `min_rate`, a server may take its
  // time.
  enum class Client : uint8_t { Reader, Writer } client = Client::Writer;
  BodyCopy* copy = nullptr;  // gets what was forwarded; null: nobody does
};

// Moves the rest of the body. Reads only when what was read is written, so that a slow receiver
// slows the sender down. The writer's pending head leaves with the first octets, or alone when
// there are none yet. A failure names its side; past `until` it is Deadline. `arena` holds
// trailers.
Task<Result<void>> relay(session::BodyReader& from, session::BodyWriter& to, RelayTerms terms,
                         Arena& arena);

}  // namespace fairlead::proxy
