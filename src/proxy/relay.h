// The only body pump, for requests and responses: what comes off one framing goes out under
// another.
#pragma once

#include <array>
#include <string_view>

#include "base/arena.h"
#include "io/pipe_pool.h"
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
  // What an earlier attempt has taken off the reader already: it goes first.
  std::string_view again{};
  std::array<BodyCopy*, 2> copies{};  // get what passes by, but for `again`; null: nobody does
  io::PipePool* pipes = nullptr;      // for what is large; null: it is copied
};

// What follows the last octet of a chunked body with trailers, for `BodyWriter::write`; empty when
// there are none. Memory of the arena.
std::string_view trailerEnd(const session::BodyReader& from, Arena& arena);

// Moves the rest of the body. Reads only when what was read is written, so that a slow receiver
// slows the sender down. The writer's pending head leaves with the first octets, or alone when
// there are none yet. A failure names its side; past `until` it is Deadline. `arena` holds
// trailers. The kernel moves what nobody here needs to see: the rest of a large body that goes out
// as it comes in.
Task<Result<void>> relay(session::BodyReader& from, session::BodyWriter& to, RelayTerms terms,
                         Arena& arena);

}  // namespace fairlead::proxy
