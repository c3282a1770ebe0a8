// The benchmark's server: answers every HTTP/1.1 request with a body of prepared bytes, for next to
// no CPU, so that what is measured is the proxy in front of it.
//
//   bench_origin PORT      GET /1k, /128k, /1m, /0 ... give a body of that size; another path 1
//   KiB. /chunked/16k gives one in chunks of 4 KiB.
//
// One thread, epoll, keep-alive and pipelining. Request bodies (Content-Length or chunked) are
// swallowed. It trusts its clients: this is a fixture and not a server.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <compare>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr size_t kReadBytes = 64 * 1024;
constexpr size_t kChunkBytes = 4096;

char lowerOf(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool startsWithIgnoringCase(std::string_view text, std::string_view lower_prefix) {
  if (text.size() < lower_prefix.size()) return false;
  for (size_t i = 0; i < lower_prefix.size(); ++i)
    if (lowerOf(text[i]) != lower_prefix[i]) return false;
  return true;
}

// "/128k?x" -> 131072.
size_t bodySize(std::string_view target) {
  if (target.empty() || target[0] != '/') return 1024;
  size_t number = 0;
  const char* const end = target.data() + target.size();
  const auto [rest, error] = std::from_chars(target.data() + 1, end, number);
  if (error != std::errc()) return 1024;
  if (rest != end && *rest == 'k') number *= 1024;
  if (rest != end && *rest == 'm') number *= 1024 * 1024;
  return std::min(number, size_t{64} << 20);
}

struct Answer {
  size_t body = 1024;
  bool chunked = false;
  bool close = false;

  auto operator<=>(const Answer&) const = default;
};

Answer answerTo(std::string_view target, bool close) {
  constexpr std::string_view kChunked = "/chunked";
  const bool chunked = target.starts_with(kChunked);
  if (chunked) target.remove_prefix(kChunked.size());
  return {.body = bodySize(target), .chunked = chunked, .close = close};
}

std::string letters(size_t count) {
  std::string text(count, '\0');
  for (size_t i = 0; i < count; ++i) text[i] = static_cast<char>('a' + i % 26);
  return text;
}

std::string inChunks(std::string_view body) {
  std::string coded;
  while (!body.empty()) {
    const std::string_view data = body.substr(0, kChunkBytes);
    std::array<char, 16> size;
    const auto end = std::to_chars(size.data(), size.data() + size.size(), data.size(), 16).ptr;
    coded.append(size.data(), end).append("\r\n").append(data).append("\r\n");
    body.remove_prefix(data.size());
  }
  return coded + "0\r\n\r\n";
}

// Whole responses, made once.
class Responses {
 public:
  const std::string& of(const Answer& answer) {
    std::string& response = made_[answer];
    if (response.empty()) response = make(answer);
    return response;
  }

 private:
  static std::string make(const Answer& answer) {
    std::string response = "HTTP/1.1 200 OK\r\nServer: origin\r\nContent-Type: text/plain\r\n";
    if (answer.close) response += "Connection: close\r\n";
    const std::string body = letters(answer.body);
    if (answer.chunked) return response + "Transfer-Encoding: chunked\r\n\r\n" + inChunks(body);
    return response + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }

  std::map<Answer, std::string> made_;
};

// What of a request is being read.
enum class Reading : uint8_t { Head, SizedBody, ChunkSize, ChunkData, Trailers };

struct Connection {
  int fd = -1;
  Reading reading = Reading::Head;
  size_t left = 0;                         // of the body or the chunk, its CRLF included
  bool close_after = false;                // the client asked for it
  std::string pending;                     // the beginning of what is incomplete
  std::deque<const std::string*> to_send;  // whole responses, oldest first
  size_t sent = 0;                         // of to_send.front()
  bool waits_to_write = false;
};

struct Head {
  size_t content_length = 0;
  bool chunked = false;
  bool close = false;
};

Head readFields(std::string_view head) {
  Head result;
  for (size_t at = head.find("\r\n"); at != std::string_view::npos; at = head.find("\r\n", at)) {
    at += 2;
    const std::string_view line = head.substr(at);
    if (startsWithIgnoringCase(line, "content-length:"))
      result.content_length = std::strtoull(line.data() + 15, nullptr, 10);
    else if (startsWithIgnoringCase(line, "transfer-encoding: chunked"))
      result.chunked = true;
    else if (startsWithIgnoringCase(line, "connection: close"))
      result.close = true;
  }
  return result;
}

class Origin {
 public:
  explicit Origin(uint16_t port) : epoll_(::epoll_create1(0)), listener_(listenOn(port)) {
    watch(listener_, EPOLLIN, nullptr, EPOLL_CTL_ADD);
  }

  [[noreturn]] void serve() {
    std::array<epoll_event, 256> events;
    for (;;) {
      const int count = ::epoll_wait(epoll_, events.data(), events.size(), -1);
      for (int i = 0; i < count; ++i) {
        auto* const connection = static_cast<Connection*>(events[static_cast<size_t>(i)].data.ptr);
        if (connection == nullptr)
          acceptAll();
        else if (!turn(*connection, events[static_cast<size_t>(i)].events))
          drop(connection);
      }
    }
  }

 private:
  static int listenOn(uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(fd, 4096) != 0) {
      std::perror("origin: listen");
      std::exit(3);
    }
    return fd;
  }

  void watch(int fd, uint32_t events, Connection* connection, int how) const {
    epoll_event event{.events = events, .data = {.ptr = connection}};
    ::epoll_ctl(epoll_, how, fd, &event);
  }

  void acceptAll() {
    for (;;) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK);
      if (fd < 0) return;
      const int on = 1;
      ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      auto connection = std::make_unique<Connection>();
      connection->fd = fd;
      watch(fd, EPOLLIN, connection.release(), EPOLL_CTL_ADD);
    }
  }

  static void drop(Connection* connection) {
    ::close(connection->fd);
    delete connection;
  }

  // False: the connection is over.
  bool turn(Connection& connection, uint32_t events) {
    if ((events & EPOLLIN) != 0 && !readSome(connection)) return false;
    if ((events & (EPOLLERR | EPOLLHUP)) != 0 && (events & EPOLLIN) == 0) return false;
    return send(connection);
  }

  // One read a turn: level-triggered, the rest comes with the next one.
  bool readSome(Connection& connection) {
    const ssize_t count = ::read(connection.fd, buffer_.data(), buffer_.size());
    if (count < 0) return errno == EAGAIN || errno == EINTR;
    if (count == 0) return false;
    const std::string_view fresh(buffer_.data(), static_cast<size_t>(count));
    if (connection.pending.empty()) {
      connection.pending = fresh.substr(consume(connection, fresh));
    } else {
      connection.pending += fresh;
      connection.pending.erase(0, consume(connection, connection.pending));
    }
    return true;
  }

  // Returns the bytes used.
  size_t consume(Connection& connection, std::string_view bytes) {
    size_t used = 0;
    while (used < bytes.size()) {
      const size_t step = consumeOne(connection, bytes.substr(used));
      if (step == 0) break;
      used += step;
    }
    return used;
  }

  size_t consumeOne(Connection& connection, std::string_view bytes) {
    if (connection.reading == Reading::Head) return consumeHead(connection, bytes);
    if (connection.reading == Reading::SizedBody || connection.reading == Reading::ChunkData)
      return consumeData(connection, bytes);
    return consumeLine(connection, bytes);
  }

  size_t consumeHead(Connection& connection, std::string_view bytes) {
    const size_t end = bytes.find("\r\n\r\n");
    if (end == std::string_view::npos) return 0;
    const std::string_view head_bytes = bytes.substr(0, end + 2);
    const size_t target = head_bytes.find(' ') + 1;
    const Head head = readFields(head_bytes);
    const std::string_view path = head_bytes.substr(target, head_bytes.find(' ', target) - target);
    connection.to_send.push_back(&responses_.of(answerTo(path, head.close)));
    connection.close_after = head.close;
    connection.left = head.content_length;
    if (head.chunked) connection.reading = Reading::ChunkSize;
    if (connection.left > 0) connection.reading = Reading::SizedBody;
    return end + 4;
  }

  static size_t consumeData(Connection& connection, std::string_view bytes) {
    const size_t step = std::min(connection.left, bytes.size());
    connection.left -= step;
    if (connection.left == 0)
      connection.reading =
          connection.reading == Reading::SizedBody ? Reading::Head : Reading::ChunkSize;
    return step;
  }

  static size_t consumeLine(Connection& connection, std::string_view bytes) {
    const size_t end = bytes.find("\r\n");
    if (end == std::string_view::npos) return 0;
    if (connection.reading == Reading::Trailers) {
      if (end == 0) connection.reading = Reading::Head;
      return end + 2;
    }
    const size_t size = std::strtoull(bytes.data(), nullptr, 16);
    connection.reading = size == 0 ? Reading::Trailers : Reading::ChunkData;
    connection.left = size + 2;
    return end + 2;
  }

  // A response is sent when its request is complete; answering before would let a proxy give up on
  // the upload.
  bool send(Connection& connection) {
    while (!connection.to_send.empty()) {
      if (connection.to_send.size() == 1 && connection.reading != Reading::Head) return true;
      const std::string& response = *connection.to_send.front();
      const ssize_t count = ::send(connection.fd, response.data() + connection.sent,
                                   response.size() - connection.sent, MSG_NOSIGNAL);
      if (count < 0 && errno == EINTR) continue;
      if (count < 0) return errno == EAGAIN && waitToWrite(connection, true);
      connection.sent += static_cast<size_t>(count);
      if (connection.sent < response.size()) continue;
      connection.sent = 0;
      connection.to_send.pop_front();
    }
    return waitToWrite(connection, false) && !(connection.close_after);
  }

  bool waitToWrite(Connection& connection, bool wait) const {
    if (connection.waits_to_write != wait)
      watch(connection.fd, wait ? EPOLLIN | EPOLLOUT : EPOLLIN, &connection, EPOLL_CTL_MOD);
    connection.waits_to_write = wait;
    return true;
  }

  int epoll_;
  int listener_;
  Responses responses_;
  std::vector<char> buffer_ = std::vector<char>(kReadBytes);
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: bench_origin PORT\n", stderr);
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  Origin(static_cast<uint16_t>(std::atoi(argv[1]))).serve();
}
