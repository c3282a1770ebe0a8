// A client's connection, from accept to close.
#pragma once

#include <cstddef>

#include "base/intrusive_list.h"
#include "io/listener.h"
#include "io/stream.h"
#include "proxy/client_connection.h"
#include "session/server_session.h"
#include "task/frame_pool.h"

namespace fairlead::worker {

class Worker;
struct Door;

// While the client is served it belongs to the coroutine that serves it. Between two requests it
// rests: then there is no coroutine, no session and no buffer, and this is all that ten thousand
// idle connections take ten thousand times.
class Connection final : public IntrusiveNode<Connection>, public io::Stream::Attendant {
 public:
  Connection(Worker& worker, io::Reactor& reactor, io::Accepted accepted, const Door& door,
             const session::ServerLimits& limits);
  ~Connection();

  static void* operator new(size_t bytes) { return FramePool::allocate(bytes); }
  static void operator delete(void* connection, size_t bytes) noexcept {
    FramePool::release(connection, bytes);
  }

  // While it rests.
  void onStir(io::Stream& stream) override;
  void onIdleEnd(io::Stream& stream) override;

  io::Stream stream;
  session::Standing standing;
  proxy::ClientConnection client;
  bool owes_header = false;   // a PROXY header comes first, and has not come yet
  bool in_last_rest = false;  // began to rest while the worker drained

 private:
  Worker& worker_;
};

}  // namespace fairlead::worker
