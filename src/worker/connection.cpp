// How a connection comes, is roused, and goes.
#include "worker/connection.h"

#include "worker/worker.h"

namespace fairlead::worker {

Connection::Connection(Worker& worker, io::Reactor& reactor, io::Accepted accepted,
                       const Door& door, const session::ServerLimits& limits)
    : stream(reactor, std::move(accepted.fd), Side::Client, io::Stream::Watch::WhenNeeded),
      standing(limits),
      worker_(worker) {
  client.peer = accepted.peer.ip;
  client.peer_port = accepted.peer.port;
  client.listener_port = door.port;
  owes_header = door.proxies && door.proxies->contains(accepted.peer.ip);
  worker_.open_.fetch_add(1, std::memory_order_relaxed);
}

Connection::~Connection() {
  worker_.open_.fetch_sub(1, std::memory_order_relaxed);
  worker_.endIfDrained();
}

void Connection::onStir(io::Stream&) {
  auto roused = worker_.rouse(*this);
  // What a client sent before a reset is gone: there is nobody to serve.
  if (!stream.broken()) worker_.connections_.spawn(worker_.serveConnection(std::move(roused)));
}

void Connection::onIdleEnd(io::Stream&) { worker_.rouse(*this).reset(); }

}  // namespace fairlead::worker
