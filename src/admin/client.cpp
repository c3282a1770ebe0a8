// One request to the admin API, on a reactor of its own.
#include "admin/client.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <memory>

#include "admin/words.h"
#include "http/percent.h"
#include "io/buffer_pool.h"
#include "io/socket_address.h"
#include "io/stream.h"
#include "session/client_session.h"
#include "task/task.h"

namespace fairlead::admin {
namespace {

constexpr size_t kMostBody = size_t{64} << 20;
constexpr size_t kLongestPath = 107;  // sockaddr_un

using Asked = std::expected<Reply, std::string>;

class Asker {
 public:
  Asker(const AdminAddress& at, const Question& question, Duration timeout)
      : at_(at), question_(question), timeout_(timeout) {}

  Asked ask() {
    deadline_ = reactor_.now() + timeout_;
    auto fd = at_.unix_path.empty() ? connectTcp() : connectUnix();
    if (!fd) return std::unexpected(std::move(fd.error()));
    session::ClientSession session(reactor_, *std::move(fd), buffers_, http::h1::HeadLimits{});
    if (!session.stream().ok()) return std::unexpected("out of file descriptors or memory");
    Task<Asked> exchange = this->exchange(session);
    exchange.start();
    while (!exchange.done()) reactor_.turn(timeout_);
    return exchange.take();
  }

 private:
  using Connected = std::expected<io::Descriptor, std::string>;

  Connected connectTcp() {
    auto fd = io::startConnect(at_.tcp);
    if (!fd) return nobody(wordsFor(fd.error()));
    return *std::move(fd);
  }
  Connected connectUnix() {
    if (at_.unix_path.size() > kLongestPath) return nobody("the path is too long for a socket");
    const io::KernelAddress address = io::KernelAddress::unixPath(at_.unix_path);
    io::Descriptor fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (fd && ::connect(fd.get(), address.get(), address.length()) == 0) return fd;
    if (errno == ENOENT) return nobody("there is no such socket");
    return nobody(std::strerror(errno));
  }

  Task<Asked> exchange(session::ClientSession& session) {
    if (!co_await session.stream().waitConnected(deadline_))
      co_return nobody("no connection within " + spanText(timeout_));
    if (const auto connected = session.stream().connectResult(); !connected)
      co_return nobody(wordsFor(connected.error()));
    const std::string request = requestText();
    session.startExchange();
    if (const auto sent =
            co_await session.stream().write(std::string_view(request), Duration{0}, deadline_);
        !sent)
      co_return noAnswer(sent.error());
    const auto head = std::make_unique<http::ResponseHead>();
    do {
      if (const auto read = co_await session.readHead(*head, deadline_); !read)
        co_return noAnswer(read.error());
    } while (head->status < 200);
    if (head->fields.valueOf(http::FieldId::ContentType) != "application/json")
      co_return stranger("its answer is no JSON");
    const http::Method method = http::methodOf(question_.method);
    if (!session.beginBody(*head, method)) co_return stranger("its answer is no HTTP/1.1");
    co_return co_await readBody(session.body(), head->status);
  }

  Task<Asked> readBody(session::BodyReader& body, uint16_t status) {
    Reply reply{.status = status, .body = {}};
    while (!body.finished()) {
      const auto piece = body.take();
      if (!piece) co_return noAnswer(piece.error());
      reply.body += piece->data;
      if (reply.body.size() > kMostBody) co_return stranger("its answer is endless");
      if (piece->data.empty() && !piece->last) {
        if (const auto filled = co_await body.fill(deadline_); !filled)
          co_return noAnswer(filled.error());
      }
    }
    co_return reply;
  }

  std::string requestText() const {
    const std::string host = at_.unix_path.empty() ? at_.tcp.text() : "localhost";
    std::string text =
        fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: fairlead\r\nConnection: close\r\n",
                    question_.method, question_.target, host);
    if (!question_.token.empty())
      text += fmt::format("Authorization: Bearer {}\r\n", question_.token);
    return text + "\r\n";
  }

  static std::string wordsFor(const Failure& failure) {
    switch (failure.kind) {
      case FailureKind::ConnectRefused:
        return "connection refused";
      case FailureKind::ConnectTimeout:
        return "no connection came about";
      case FailureKind::NoDescriptors:
        return "out of file descriptors";
      default:
        return "no way leads there";
    }
  }
  std::unexpected<std::string> nobody(std::string_view why) const {
    return std::unexpected(
        fmt::format("no fairlead answers on {}: {}; is it running, and with this admin address?",
                    at_.text(), why));
  }
  std::unexpected<std::string> stranger(std::string_view why) const {
    return std::unexpected(
        fmt::format("what answers on {} is not fairlead's admin API: {}", at_.text(), why));
  }
  std::unexpected<std::string> noAnswer(const Failure& failure) const {
    if (failure.kind == FailureKind::Timeout)
      return std::unexpected(
          fmt::format("{} did not answer within {}", at_.text(), spanText(timeout_)));
    if (failure.kind == FailureKind::Malformed) return stranger("its answer is no HTTP/1.1");
    return std::unexpected(
        fmt::format("{} closed the connection before its answer was complete", at_.text()));
  }

  const AdminAddress& at_;
  const Question& question_;
  Duration timeout_;
  TimePoint deadline_{};
  io::Reactor reactor_;
  io::BufferPool buffers_;
};

}  // namespace

std::string AdminAddress::text() const {
  return unix_path.empty() ? tcp.text() : "unix:" + unix_path;
}

std::expected<Reply, std::string> ask(const AdminAddress& at, const Question& question,
                                      Duration timeout) {
  return Asker(at, question, timeout).ask();
}

std::string segment(std::string_view name) {
  Arena arena;
  return std::string(http::percentEncoded(name, arena));
}

}  // namespace fairlead::admin
