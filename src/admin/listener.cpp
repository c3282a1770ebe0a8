// Serving the admin API's connections.
#include "admin/listener.h"

#include <sys/socket.h>

#include <array>
#include <chrono>
#include <string>

#include "base/timestamp.h"
#include "http/h1/serializer.h"

namespace fairlead::admin {
namespace {

using http::Field;
using http::FieldId;
using http::Framing;

constexpr uint64_t kMostBody = uint64_t{64} * 1024;
constexpr Duration kAcceptPause = std::chrono::milliseconds(50);
constexpr Duration kAnswerTime = std::chrono::seconds(30);  // without a byte moving

constexpr Refusal kTooLarge{413, "bodies of more than 64 KiB are not taken here"};
constexpr Refusal kMalformed{400, "the body is not framed as HTTP/1.1 has it"};
constexpr Refusal kTooSlow{408, "the body did not arrive in time"};

Transport transportOf(int fd) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &length);
  return storage.ss_family == AF_UNIX ? Transport::Unix : Transport::Tcp;
}

void composeHead(const Answer& answer, bool stays, session::Exchange& exchange) {
  http::ResponseHead& head = exchange.response;
  Arena& arena = exchange.arena;
  head.clear();
  head.status = answer.status;
  head.reason = http::reasonOf(answer.status);
  char date[kHttpDateText];
  formatHttpDate(
      std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()),
      date);
  head.fields.add(Field::make(arena, FieldId::Date, {date, sizeof date}));
  head.fields.add(Field::make(arena, FieldId::ContentType, "application/json"));
  head.fields.add(Field::make(arena, FieldId::ContentLength, std::to_string(answer.body.size())));
  head.fields.add(Field::make(arena, FieldId::CacheControl, "no-store"));
  if (answer.status == 401) head.fields.add(Field::make(arena, FieldId::WwwAuthenticate, "Bearer"));
  if (!answer.allow.empty()) head.fields.add(Field::make(arena, "Allow", answer.allow));
  // RFC 9112 section 9.3: what is not said is that the connection stays, but not to HTTP/1.0.
  if (!stays || exchange.request.version == http::Version::Http10)
    head.fields.add(Field::make(arena, FieldId::Connection, stays ? "keep-alive" : "close"));
}

}  // namespace

AdminServer::AdminServer(io::Reactor& reactor, io::BufferPool& buffers, AdminSettings settings,
                         Api api)
    : reactor_(reactor),
      settings_(std::move(settings)),
      api_(std::move(api)),
      clients_{.buffers = buffers,
               .exchanges = exchanges_,
               .limits = settings_.limits,
               .idle = {},
               .draining = false} {}

void AdminServer::serve(io::Descriptor socket) {
  const Transport transport = transportOf(socket.get());
  listeners_.push_back(std::make_unique<io::Listener>(reactor_, std::move(socket)));
  accepting_.spawn(acceptForever(*listeners_.back(), transport));
}

Task<void> AdminServer::acceptForever(io::Listener& listener, Transport transport) {
  for (;;) {
    Result<io::Accepted> accepted = co_await listener.accept();
    if (!accepted)
      co_await io::Sleep(reactor_, kAcceptPause);
    else if (makeRoom())
      connections_.spawn(serveConnection(std::move(accepted->fd), transport));
  }
}

// Whoever asks now goes before whoever asked once and keeps the connection.
bool AdminServer::makeRoom() {
  if (connections_.size() < settings_.max_connections) return true;
  if (clients_.idle.empty()) return false;
  clients_.idle.back()->dismiss();
  return true;
}

Task<void> AdminServer::serveConnection(io::Descriptor fd, Transport transport) {
  io::Stream stream(reactor_, std::move(fd), Side::Client);
  if (!stream.ok()) co_return;
  session::Standing standing(settings_.limits);
  session::ServerSession session(stream, clients_, standing);
  session::ExchangePool::Lease exchange;
  After after = After::Next;
  while (after == After::Next) {
    // Others have a turn between two answers: the control thread has more to do.
    co_await io::NextTurn(reactor_);
    const auto next = co_await session.nextExchange(exchange);
    if (next == session::ServerSession::Next::End) break;
    after = next == session::ServerSession::Next::Request
                ? co_await respond(session, *exchange, transport)
                : co_await refuse(session, *exchange);
  }
  exchange.giveBack();
  if (after == After::Linger) co_await session.closeLingering();
}

Task<AdminServer::After> AdminServer::respond(session::ServerSession& session,
                                              session::Exchange& exchange, Transport transport) {
  const http::RequestHead& head = exchange.request;
  session.body().begin(exchange.framing, kMostBody);
  if (const auto refusal = refusalOf(head, transport, settings_))
    co_return co_await send(session, exchange, errorAnswer(refusal->status, refusal->sentence));
  // Who waits for a word before sending a body needs not send it.
  if (!http::expectsContinue(head)) {
    if (const auto refusal = co_await skipBody(session))
      co_return co_await send(session, exchange, errorAnswer(refusal->status, refusal->sentence));
  }
  co_return co_await send(session, exchange,
                          answerTo(api_, head.method_text, head.target.path, head.target.query));
}

Task<AdminServer::After> AdminServer::refuse(session::ServerSession& session,
                                             session::Exchange& exchange) {
  exchange.keep_alive = false;
  co_await send(session, exchange, errorAnswer(exchange.fault.status, exchange.fault.sentence));
  co_return After::Linger;
}

Task<std::optional<Refusal>> AdminServer::skipBody(session::ServerSession& session) {
  session::BodyReader& body = session.body();
  if (body.framing().kind == Framing::Kind::Length && body.framing().length > kMostBody)
    co_return kTooLarge;
  const TimePoint deadline = deadlineAfter(reactor_.now(), settings_.limits.head_time);
  while (!body.finished()) {
    const auto piece = body.take();
    if (!piece) co_return piece.error().kind == FailureKind::TooLarge ? kTooLarge : kMalformed;
    if (piece->data.empty() && !piece->last && !co_await body.fill(deadline)) co_return kTooSlow;
  }
  co_return std::nullopt;
}

Task<AdminServer::After> AdminServer::send(session::ServerSession& session,
                                           session::Exchange& exchange, Answer answer) {
  const bool has_ended = session.body().finished();
  // What follows a CONNECT may be meant for the tunnel: it is no request.
  const bool stays =
      has_ended && exchange.keep_alive && exchange.request.method != http::Method::Connect;
  composeHead(answer, stays, exchange);
  const bool without_body = exchange.request.method == http::Method::Head;
  const std::array<std::string_view, 2> pieces{
      http::h1::writeResponseHead(exchange.response, exchange.arena),
      without_body ? std::string_view{} : std::string_view(answer.body)};
  if (!co_await session.stream().write(pieces, kAnswerTime)) co_return After::Close;
  if (stays) co_return After::Next;
  co_return has_ended ? After::Close : After::Linger;
}

}  // namespace fairlead::admin
