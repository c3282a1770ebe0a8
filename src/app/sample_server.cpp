// The demo's servers, built on the same sessions that fairlead itself serves with.
#include "app/sample_server.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <thread>

#include "http/percent.h"
#include "io/listener.h"
#include "io/socket_address.h"
#include "io/stream.h"
#include "session/server_session.h"
#include "task/scope.h"

namespace fairlead::app {
namespace {

using nlohmann::json;

std::string decoded(std::string_view text) {
  std::string result;
  while (!text.empty()) result += http::takeQueryDecoded(text);
  return result;
}

json paramsOf(std::string_view query) {
  json params = json::object();
  while (!query.empty()) {
    const std::string_view one = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), one.size() + 1));
    const size_t equals = std::min(one.find('='), one.size());
    const std::string_view value =
        equals < one.size() ? one.substr(equals + 1) : std::string_view{};
    if (!one.empty()) params[decoded(one.substr(0, equals))] = decoded(value);
  }
  return params;
}

std::string describe(const std::string& name, const http::RequestHead& head, uint64_t body_octets) {
  json headers = json::object();
  for (const http::Field& field : head.fields) headers[std::string(field.name())] = field.value();
  const json answer{{"server", name},
                    {"method", head.method_text},
                    {"host", head.authority},
                    {"path", head.target.path},
                    {"params", paramsOf(head.target.query)},
                    {"headers", headers},
                    {"body_octets", body_octets}};
  return answer.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

uint16_t portOf(int fd) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &length);
  return io::fromKernel(storage).port;
}

std::expected<io::Descriptor, int> openOrAny(uint16_t port) {
  const IpAddress loopback = IpAddress::v4(0x7f000001);
  auto opened =
      io::openListener({.address = {loopback, port}, .any = false, .unix_path = {}}, io::Share::No);
  if (opened || opened.error() != EADDRINUSE) return opened;
  return io::openListener({.address = {loopback, 0}, .any = false, .unix_path = {}}, io::Share::No);
}

}  // namespace

// All that belongs to the servers' thread.
struct SampleServers::World {
  io::Reactor reactor;
  io::BufferPool buffers;
  session::ExchangePool exchanges;
  session::ServerLimits limits;
  session::ClientSide clients{
      .buffers = buffers, .exchanges = exchanges, .limits = limits, .idle = {}, .draining = false};
  std::vector<std::string> names;
  std::vector<std::unique_ptr<io::Listener>> listeners;
  Scope connections;
  Scope accepting;
  std::thread thread;

  Task<void> acceptForever(size_t index) {
    for (;;) {
      Result<io::Accepted> accepted = co_await listeners[index]->accept();
      if (accepted) {
        connections.spawn(serve(std::move(*accepted), names[index]));
      } else {
        co_await io::Sleep(reactor, std::chrono::milliseconds(50));
      }
    }
  }

  Task<void> serve(io::Accepted accepted, const std::string& name) {
    io::Stream stream(reactor, std::move(accepted.fd), Side::Client);
    if (!stream.ok()) co_return;
    session::Standing standing(limits);
    session::ServerSession session(stream, clients, standing);
    session::ExchangePool::Lease exchange;
    while (co_await session.nextExchange(exchange) == session::ServerSession::Next::Request) {
      while (!session.body().finished()) {
        const auto piece = session.body().take();
        if (!piece) co_return;
        if (piece->data.empty() && !piece->last &&
            !co_await session.body().fill(deadlineAfter(reactor.now(), limits.head_time)))
          co_return;
      }
      const http::RequestHead& head = exchange->request;
      const std::string body = head.target.path == "/healthcheck"
                                   ? std::string("OK")
                                   : describe(name, head, session.body().octets());
      const std::string_view type = body == "OK" ? "text/plain" : "application/json";
      const std::string_view bytes = exchange->arena.join(
          "HTTP/1.1 200 OK\r\nContent-Type: ", type,
          "\r\nContent-Length: ", std::to_string(body.size()), "\r\n\r\n",
          head.method == http::Method::Head ? std::string_view{} : std::string_view(body));
      if (!co_await stream.write(bytes, limits.head_time) || !exchange->keep_alive) break;
    }
  }

  void run() {
    for (size_t i = 0; i < listeners.size(); ++i) accepting.spawn(acceptForever(i));
    reactor.run();
    accepting.clear();
    connections.clear();
  }
};

SampleServers::SampleServers() : world_(std::make_unique<World>()) {}

SampleServers::~SampleServers() {
  world_->reactor.stop();
  if (world_->thread.joinable()) world_->thread.join();
}

std::expected<std::unique_ptr<SampleServers>, std::string> SampleServers::start(
    const std::vector<std::string>& names, const std::vector<uint16_t>& ports) {
  std::unique_ptr<SampleServers> servers(new SampleServers());
  World& world = *servers->world_;
  world.names = names;
  for (const uint16_t port : ports) {
    auto opened = openOrAny(port);
    if (!opened) return std::unexpected(std::string(std::strerror(opened.error())));
    servers->ports_.push_back(portOf(opened->get()));
    world.listeners.push_back(std::make_unique<io::Listener>(world.reactor, std::move(*opened)));
  }
  world.thread = std::thread([&world] { world.run(); });
  return servers;
}

}  // namespace fairlead::app
