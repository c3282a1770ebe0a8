// The admin API over HTTP/1.1: accepts connections and answers requests, on the control thread.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "admin/api.h"
#include "admin/guard.h"
#include "admin/settings.h"
#include "io/buffer_pool.h"
#include "io/listener.h"
#include "io/reactor.h"
#include "session/exchange.h"
#include "session/server_session.h"
#include "task/scope.h"

namespace fairlead::admin {

// All calls on the reactor's thread. Its end closes all of its sockets at once.
class AdminServer {
 public:
  AdminServer(io::Reactor& reactor, io::BufferPool& buffers, AdminSettings settings, Api api);
  AdminServer(const AdminServer&) = delete;
  AdminServer& operator=(const AdminServer&) = delete;

  // Accepts on a listening socket (non-blocking), TCP or Unix, from now on. It may be given
  // several.
  void serve(io::Descriptor socket);

  size_t connections() const { return connections_.size(); }

 private:
  enum class After : uint8_t { Next, Close, Linger };

  Task<void> acceptForever(io::Listener& listener, Transport transport);
  Task<void> serveConnection(io::Descriptor fd, Transport transport);
  Task<After> respond(session::ServerSession& session, session::Exchange& exchange,
                      Transport transport);
  Task<After> refuse(session::ServerSession& session, session::Exchange& exchange);
  // The body, which nothing of the API reads so far; or why it will not be taken.
  Task<std::optional<Refusal>> skipBody(session::ServerSession& session);
  Task<After> send(session::ServerSession& session, session::Exchange& exchange, Answer answer);
  bool makeRoom();

  io::Reactor& reactor_;
  AdminSettings settings_;
  Api api_;
  session::ExchangePool exchanges_{4 * sizeof(session::Exchange)};
  session::ClientSide clients_;
  std::vector<std::unique_ptr<io::Listener>> listeners_;
  Scope connections_;  // use all of the above
  Scope accepting_;
};

}  // namespace fairlead::admin
