// An open-loop load for the benchmark: requests begin at planned times, whether or not earlier ones
// have been answered, and latency counts from the planned time, so that a stall is not hidden by
// waiting for it.
//
//   bench_pace PORT PATH CONNECTIONS RATE SECONDS      prints one line: RESULT and JSON
//
// One thread, epoll. The times between requests are exponential, from a fixed seed: as many
// independent clients would ask, and the same for every contestant. It trusts the server: a
// fixture.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using Nanoseconds = std::chrono::nanoseconds;

constexpr auto kGivesUpAfter = std::chrono::seconds(5);  // after the last planned request

struct Connection {
  int fd = -1;
  std::string received{};
  Clock::time_point planned{};
};

struct Plan {
  uint16_t port;
  std::string path;
  size_t connections;
  double rate;  // requests a second
  std::chrono::seconds length;
};

// The moments at which requests are due.
class Schedule {
 public:
  Schedule(Clock::time_point start, const Plan& plan)
      : next_(start), end_(start + plan.length), between_(plan.rate) {
    advance();
  }
  bool over() const { return next_ >= end_; }
  Clock::time_point next() const { return next_; }
  void advance() {
    next_ +=
        std::chrono::duration_cast<Nanoseconds>(std::chrono::duration<double>(between_(seed_)));
  }

 private:
  Clock::time_point next_, end_;
  std::mt19937_64 seed_{20};
  std::exponential_distribution<double> between_;
};

// Bytes of the first response in `received`, 0 while it is incomplete.
size_t responseBytes(std::string_view received) {
  constexpr std::string_view kLength = "content-length:";
  const size_t head = received.find("\r\n\r\n");
  if (head == std::string_view::npos) return 0;
  const auto same = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; };
  const auto at = std::search(received.begin(), received.begin() + static_cast<ptrdiff_t>(head),
                              kLength.begin(), kLength.end(), same);
  if (at == received.begin() + static_cast<ptrdiff_t>(head)) return 0;
  const size_t body = std::strtoull(&*at + kLength.size(), nullptr, 10);
  return received.size() >= head + 4 + body ? head + 4 + body : 0;
}

class Load {
 public:
  explicit Load(Plan plan)
      : plan_(std::move(plan)),
        request_("GET " + plan_.path + " HTTP/1.1\r\nHost: bench.example\r\n\r\n"),
        connections_(plan_.connections) {
    for (Connection& connection : connections_) open(connection);
  }

  void run() {
    const Clock::time_point start = Clock::now();
    Schedule schedule(start, plan_);
    const Clock::time_point deadline = start + plan_.length + kGivesUpAfter;
    while (!schedule.over() || idle_.size() < connections_.size() || !waiting_.empty()) {
      const Clock::time_point now = Clock::now();
      if (now > deadline) break;
      for (; !schedule.over() && schedule.next() <= now; schedule.advance())
        waiting_.push_back(schedule.next());
      sendWaiting();
      wait(schedule.over() ? deadline : schedule.next());
    }
    took_ = Clock::now() - start;
    unanswered_ = waiting_.size() + connections_.size() - idle_.size();
  }

  void report() {
    std::sort(latencies_.begin(), latencies_.end());
    std::printf(
        "RESULT {\"requests\":%zu,\"micros\":%lld,\"p50\":%.1f,\"p99\":%.1f,\"p999\":%.1f,"
        "\"worst\":%.1f,\"errors\":{\"status\":%zu,\"unanswered\":%zu}}\n",
        latencies_.size(),
        static_cast<long long>(
            std::chrono::duration_cast<std::chrono::microseconds>(took_).count()),
        quantile(0.5), quantile(0.99), quantile(0.999), quantile(1), failed_, unanswered_);
  }

 private:
  void open(Connection& connection) {
    connection.fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(plan_.port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int on = 1;
    ::setsockopt(connection.fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (::connect(connection.fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
      std::perror("pace: connect");
      std::exit(3);
    }
    epoll_event event{.events = EPOLLIN, .data = {.ptr = &connection}};
    ::epoll_ctl(epoll_, EPOLL_CTL_ADD, connection.fd, &event);
    idle_.push_back(&connection);
  }

  // On the connection that has been idle for longest.
  void sendWaiting() {
    while (!waiting_.empty() && !idle_.empty()) {
      Connection& connection = *idle_.front();
      connection.planned = waiting_.front();
      idle_.pop_front();
      waiting_.pop_front();
      if (::send(connection.fd, request_.data(), request_.size(), MSG_NOSIGNAL) < 0) broken();
    }
  }

  void wait(Clock::time_point until) {
    const auto left = std::max(Nanoseconds(0), Nanoseconds(until - Clock::now()));
    const timespec time{.tv_sec = left.count() / 1'000'000'000,
                        .tv_nsec = left.count() % 1'000'000'000};
    std::array<epoll_event, 64> events;
    const int count = ::epoll_pwait2(epoll_, events.data(), events.size(), &time, nullptr);
    for (int i = 0; i < count; ++i)
      receive(*static_cast<Connection*>(events[static_cast<size_t>(i)].data.ptr));
  }

  void receive(Connection& connection) {
    std::array<char, 64 * 1024> buffer;
    const ssize_t count = ::recv(connection.fd, buffer.data(), buffer.size(), 0);
    if (count <= 0) broken();
    connection.received.append(buffer.data(), static_cast<size_t>(count));
    if (responseBytes(connection.received) == 0) return;
    if (!connection.received.starts_with("HTTP/1.1 200")) ++failed_;
    connection.received.clear();
    const std::chrono::duration<double, std::micro> latency = Clock::now() - connection.planned;
    latencies_.push_back(latency.count());
    idle_.push_back(&connection);
  }

  [[noreturn]] static void broken() {
    std::fputs("pace: a connection broke\n", stderr);
    std::exit(3);
  }

  // Microseconds.
  double quantile(double share) const {
    if (latencies_.empty()) return 0;
    const auto rank =
        static_cast<size_t>(std::ceil(share * static_cast<double>(latencies_.size())));
    return latencies_[std::max<size_t>(rank, 1) - 1];
  }

  Plan plan_;
  std::string request_;
  int epoll_ = ::epoll_create1(0);
  std::vector<Connection> connections_;
  std::deque<Connection*> idle_;
  std::deque<Clock::time_point> waiting_;  // due, and no connection was free
  std::vector<double> latencies_;
  Clock::duration took_{};
  size_t failed_ = 0;
  size_t unanswered_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    std::fputs("usage: bench_pace PORT PATH CONNECTIONS RATE SECONDS\n", stderr);
    return 2;
  }
  ::prctl(PR_SET_TIMERSLACK, 1, 0, 0, 0);  // a wait ends when it should, to the nanosecond
  Load load({.port = static_cast<uint16_t>(std::atoi(argv[1])),
             .path = argv[2],
             .connections = static_cast<size_t>(std::atoi(argv[3])),
             .rate = std::atof(argv[4]),
             .length = std::chrono::seconds(std::atoi(argv[5]))});
  load.run();
  load.report();
}
