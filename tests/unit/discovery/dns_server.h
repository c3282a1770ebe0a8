// A DNS server on the loopback, over UDP and TCP, that answers, lies and falls silent as a test
// says.
#pragma once

#include <algorithm>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "io/listener.h"
#include "io/stream.h"
#include "support/sockets.h"
#include "task/scope.h"
#include "task/task.h"

namespace fairlead::discovery::test {

enum class Manner : uint8_t {
  Answers,      // with the addresses; none: NOERROR without a record
  NoName,       // NXDOMAIN
  Fails,        // SERVFAIL
  Refuses,      // REFUSED
  Silent,       // no answer
  WrongId,      // an answer to a question that nobody asked
  WrongName,    // the right number, another question
  Scrap,        // three octets
  CutShort,     // a record that ends beyond the message
  KnowsNoEdns,  // FORMERR to whoever uses it
  TcpOnly,      // truncated over UDP
};

// To questions about one family of one name.
struct Reply {
  Manner manner = Manner::Answers;
  std::vector<std::string> addresses{};
  uint32_t ttl = 60;    // in seconds
  std::string alias{};  // the name is an alias of this one
  uint32_t alias_ttl = 60;
};

struct Zone {
  Reply a;
  Reply aaaa;
};

class DnsServer final : io::Source {
 public:
  explicit DnsServer(io::Reactor& reactor) : DnsServer(reactor, fairlead::test::loopback(0)) {}
  DnsServer(io::Reactor& reactor, const SocketAddress& at)
      : reactor_(reactor),
        tcp_(listenAt(at)),
        address_(fairlead::test::addressOf(tcp_.get())),
        udp_(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)),
        listener_(reactor, std::move(tcp_)),
        scope_([](std::exception_ptr bug) { std::rethrow_exception(bug); }) {
    const io::KernelAddress bound(address_);
    fairlead::test::require(::bind(udp_.get(), bound.get(), bound.length()) == 0, "bind");
    fairlead::test::require(reactor_.watch(udp_.get(), *this), "watch");
    scope_.spawn(acceptForever());
  }
  ~DnsServer() { reactor_.unwatch(udp_.get()); }

  const SocketAddress& address() const { return address_; }

  // Names without an entry do not exist.
  void set(const std::string& name, Zone zone) { zones_[name] = std::move(zone); }
  void set(const std::string& name, std::vector<std::string> a, uint32_t ttl) {
    set(name, {.a = {.addresses = std::move(a), .ttl = ttl}, .aaaa = {}});
  }
  void set(const std::string& name, Manner manner) {
    set(name, {.a = {.manner = manner}, .aaaa = {.manner = manner}});
  }

  // Questions about the A record of a name so far, repetitions included.
  size_t asked(const std::string& name) const {
    return static_cast<size_t>(std::ranges::count(names_, name));
  }
  // All names whose A record was asked for, in that order.
  const std::vector<std::string>& names() const { return names_; }
  size_t overTcp() const { return over_tcp_; }
  // The most questions over UDP that were found waiting together.
  size_t mostAtOnce() const { return most_at_once_; }

 private:
  using Bytes = std::string;
  enum class Over : uint8_t { Udp, Tcp };
  static constexpr size_t kHead = 12;
  static constexpr uint16_t kA = 1;
  static constexpr uint16_t kAaaa = 28;
  static constexpr uint16_t kCname = 5;

  static io::Descriptor listenAt(const SocketAddress& at) {
    io::ListenAddress address;
    address.address = at;
    auto fd = io::openListener(address, io::Share::No);
    fairlead::test::require(fd.has_value(), "listen");
    return std::move(*fd);
  }

  void onReady(io::Readiness) override {
    char question[4096];
    sockaddr_storage from{};
    size_t found = 0;
    for (;;) {
      socklen_t length = sizeof from;
      const ssize_t got = ::recvfrom(udp_.get(), question, sizeof question, 0,
                                     reinterpret_cast<sockaddr*>(&from), &length);
      if (got < 0) break;
      ++found;
      const Bytes answer = answerTo({question, static_cast<size_t>(got)}, Over::Udp);
      if (!answer.empty())
        ::sendto(udp_.get(), answer.data(), answer.size(), 0, reinterpret_cast<sockaddr*>(&from),
                 length);
    }
    most_at_once_ = std::max(most_at_once_, found);
  }

  Task<void> acceptForever() {
    for (;;) {
      Result<io::Accepted> accepted = co_await listener_.accept();
      if (!accepted) co_return;
      scope_.spawn(serve(std::move(accepted->fd)));
    }
  }
  Task<void> serve(io::Descriptor fd) {
    io::Stream stream(reactor_, std::move(fd), Side::Client);
    Bytes received;
    char piece[4096];
    for (;;) {
      const auto got = co_await stream.read(piece, kNever);
      if (!got) co_return;
      received.append(piece, *got);
      while (received.size() >= 2 && received.size() >= 2 + number(received, 0)) {
        const size_t length = number(received, 0);
        ++over_tcp_;
        const Bytes answer = answerTo(received.substr(2, length), Over::Tcp);
        received.erase(0, 2 + length);
        // In two pieces, so that the reader has to come back.
        const Bytes size = two(answer.size());
        if (!co_await stream.write(std::string_view(size), Duration{0})) co_return;
        if (!co_await stream.write(std::string_view(answer), Duration{0})) co_return;
      }
    }
  }

  static size_t number(std::string_view bytes, size_t at) {
    return size_t{static_cast<uint8_t>(bytes[at])} << 8 | static_cast<uint8_t>(bytes[at + 1]);
  }
  static Bytes two(size_t value) {
    return {static_cast<char>(value >> 8), static_cast<char>(value)};
  }
  static Bytes four(uint32_t value) { return two(value >> 16) + two(value & 0xffff); }
  static Bytes labels(std::string_view name) {
    Bytes out;
    while (!name.empty()) {
      const std::string_view label = name.substr(0, name.find('.'));
      out += static_cast<char>(label.size());
      out += label;
      name.remove_prefix(std::min(name.size(), label.size() + 1));
    }
    return out + '\0';
  }

  struct Question {
    std::string name;
    uint16_t type = 0;
    Bytes section;
    bool edns = false;
  };
  static Question read(std::string_view message) {
    Question question;
    size_t at = kHead;
    while (const size_t length = static_cast<uint8_t>(message[at])) {
      if (!question.name.empty()) question.name += '.';
      question.name += message.substr(at + 1, length);
      at += length + 1;
    }
    question.type = static_cast<uint16_t>(number(message, at + 1));
    question.section = message.substr(kHead, at + 5 - kHead);
    question.edns = number(message, 10) > 0;
    return question;
  }

  Bytes answerTo(std::string_view message, Over over) {
    const Question question = read(message);
    if (question.type == kA) names_.push_back(question.name);
    const auto zone = zones_.find(question.name);
    static const Reply kUnknown{.manner = Manner::NoName};
    const Reply& reply = zone == zones_.end()  ? kUnknown
                         : question.type == kA ? zone->second.a
                                               : zone->second.aaaa;
    const Bytes id(message.substr(0, 2));
    const auto refusal = [&](int code) { return head(id, code, 0) + question.section; };
    switch (reply.manner) {
      case Manner::NoName:
        return refusal(3);
      case Manner::Fails:
        return refusal(2);
      case Manner::Refuses:
        return refusal(5);
      case Manner::Silent:
        return {};
      case Manner::WrongId:
        return withRecords(two(number(id, 0) ^ 1), question.section, question.type, reply);
      case Manner::WrongName:
        return withRecords(id, labels("other.test") + two(question.type) + two(1), question.type,
                           reply);
      case Manner::Scrap:
        return id + '\0';
      case Manner::CutShort:
        return head(id, 0, 1) + question.section + "\xc0\x0c" + two(question.type) + two(1) +
               four(60) + two(400) + "\x0a";
      case Manner::KnowsNoEdns:
        if (question.edns) return refusal(1);
        break;
      case Manner::TcpOnly:
        if (over == Over::Udp) return truncated(id, question);
        break;
      case Manner::Answers:
        break;
    }
    const Bytes answer = withRecords(id, question.section, question.type, reply);
    const bool fits = answer.size() <= (question.edns ? 1232u : 512u);
    return over == Over::Tcp || fits ? answer : truncated(id, question);
  }

  static Bytes head(const Bytes& id, int code, size_t records) {
    return id + "\x81" + static_cast<char>(0x80 | code) + two(1) + two(records) + two(0) + two(0);
  }
  static Bytes truncated(const Bytes& id, const Question& question) {
    Bytes answer = head(id, 0, 0) + question.section;
    answer[2] = static_cast<char>(answer[2] | 0x02);
    return answer;
  }
  static Bytes withRecords(const Bytes& id, const Bytes& section, uint16_t type,
                           const Reply& reply) {
    Bytes records;
    size_t count = 0;
    Bytes owner = "\xc0\x0c";
    if (!reply.alias.empty()) {
      const Bytes target = labels(reply.alias);
      records += owner + two(kCname) + two(1) + four(reply.alias_ttl) + two(target.size()) + target;
      owner = target;
      ++count;
    }
    for (const std::string& text : reply.addresses) {
      const IpAddress address = *IpAddress::parse(text);
      if (address.isV4() != (type == kA)) continue;
      const auto* bytes = reinterpret_cast<const char*>(address.bytes().data());
      const Bytes data = address.isV4() ? Bytes(bytes + 12, 4) : Bytes(bytes, 16);
      records += owner + two(type) + two(1) + four(reply.ttl) + two(data.size()) + data;
      ++count;
    }
    return head(id, 0, count) + section + records;
  }

  io::Reactor& reactor_;
  io::Descriptor tcp_;  // until the listener has it
  SocketAddress address_;
  io::Descriptor udp_;
  std::map<std::string, Zone> zones_;
  std::vector<std::string> names_;
  size_t over_tcp_ = 0;
  size_t most_at_once_ = 0;
  io::Listener listener_;
  Scope scope_;
};

}  // namespace fairlead::discovery::test
