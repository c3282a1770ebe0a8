// A server that answers every request with the same words, on the reactor of the test.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "io/listener.h"
#include "io/stream.h"
#include "support/sockets.h"
#include "task/scope.h"
#include "task/task.h"

namespace fairlead::test {

// Takes bodies with a Content-Length or in chunks, and throws them away.
class Origin {
 public:
  // An empty answer: it closes the connection without a word. `kSilence`: it never answers.
  static constexpr std::string_view kSilence = "silence";

  Origin(io::Reactor& reactor, std::string answer)
      : Origin(reactor, listenLocally(), std::move(answer)) {}

  const SocketAddress& address() const { return address_; }
  void setAnswer(std::string answer) { answer_ = std::move(answer); }
  // The heads that came, and how many connections there were.
  const std::vector<std::string>& requests() const { return requests_; }
  size_t connections() const { return accepted_; }

 private:
  Origin(io::Reactor& reactor, LocalListener at, std::string answer)
      : reactor_(reactor),
        address_(at.address),
        answer_(std::move(answer)),
        listener_(reactor, std::move(at.fd)),
        scope_([](std::exception_ptr bug) { std::rethrow_exception(bug); }) {
    scope_.spawn(acceptForever());
  }

  Task<void> acceptForever() {
    for (;;) {
      Result<io::Accepted> accepted = co_await listener_.accept();
      if (!accepted) co_return;
      ++accepted_;
      scope_.spawn(serve(std::move(accepted->fd)));
    }
  }
  Task<void> serve(io::Descriptor fd) {
    io::Stream stream(reactor_, std::move(fd), Side::Client);
    std::string received;
    char piece[4096];
    for (;;) {
      const auto got = co_await stream.read(piece, kNever);
      if (!got) co_return;
      received.append(piece, *got);
      while (const size_t length = requestLength(received)) {
        requests_.push_back(received.substr(0, length));
        received.erase(0, length);
        if (answer_ == kSilence) continue;
        if (answer_.empty()) co_return;
        const std::string answer = answer_;
        if (!co_await stream.write(answer, kPatience)) co_return;
      }
    }
  }

  // Of the first whole request, or 0.
  static size_t requestLength(const std::string& received) {
    const size_t head = received.find("\r\n\r\n");
    if (head == std::string::npos) return 0;
    const size_t body = head + 4;
    constexpr std::string_view kLength = "Content-Length: ";
    if (const size_t at = received.find(kLength); at < head) {
      const size_t end = body + std::stoul(received.substr(at + kLength.size()));
      return received.size() < end ? 0 : end;
    }
    if (received.find("Transfer-Encoding: chunked") < head) {
      constexpr std::string_view kLast = "\r\n0\r\n\r\n";
      const size_t last = received.find(kLast, head + 2);
      return last == std::string::npos ? 0 : last + kLast.size();
    }
    return body;
  }

  io::Reactor& reactor_;
  SocketAddress address_;
  std::string answer_;
  std::vector<std::string> requests_;
  size_t accepted_ = 0;
  io::Listener listener_;
  Scope scope_;
};

}  // namespace fairlead::test
