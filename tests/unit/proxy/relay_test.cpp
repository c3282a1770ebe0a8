// The body pump: changes of framing, trailers, back-pressure, and whose fault an end is.
#include "proxy/relay.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "proxy/body_copy.h"
#include "support/drive.h"
#include "support/sockets.h"

namespace fairlead::proxy {
namespace {

using namespace std::chrono_literals;
using http::Framing;
using session::BodyCoding;
using Client = RelayTerms::Client;

constexpr Framing kChunked{Framing::Kind::Chunked, 0};
constexpr Framing kUntilClose{Framing::Kind::UntilClose, 0};
constexpr Framing length(uint64_t octets) { return {Framing::Kind::Length, octets}; }

// A source, the relay, and a sink. The client is at the end that `client` says.
class Bed {
 public:
  explicit Bed(Client client = Client::Writer) : Bed(client, test::tcpPair(), test::tcpPair()) {}
  // Both connections hold less than they otherwise would.
  void shrink() {
    for (const int fd : {in.fd(), source.fd(), out.fd(), sink.fd()}) test::shrinkBuffers(fd);
  }

  void begin(Framing framing, BodyCoding coding, RelayTerms terms = {.idle = Duration{10s}}) {
    terms.client = client_;
    if (with_pipes) terms.pipes = &pipes;
    body.begin(framing);
    writer.begin(room_, kHead.size(), coding);
    task = relay(body, writer, terms, arena);
    task.start();
  }
  // "ok", or whose failure it was.
  std::string end() {
    test::runUntil(reactor, [&] { return task.done(); });
    const Result<void> result = task.take();
    if (result) return "ok";
    return std::string(nameOf(result.error().side)) + " " +
           std::string(nameOf(result.error().kind)) + " " +
           std::string(nameOf(result.error().step));
  }
  // All that left behind the head, after the relay's end.
  std::string sent() {
    out.shutdownWrite();
    const std::string& all = sink.awaitEnd(reactor);
    EXPECT_TRUE(all.starts_with(kHead));
    return all.substr(kHead.size());
  }

  static constexpr std::string_view kHead = "HEAD ";

  bool with_pipes = true;
  io::Reactor reactor;
  io::BufferPool pool;
  io::PipePool pipes{1};
  Arena arena;
  test::Peer source;
  test::Peer sink;
  io::Stream in;
  io::Stream out;
  session::ReceiveWindow window{pool};
  session::BodyReader body;
  session::BodyWriter writer;
  Task<Result<void>> task;

 private:
  Bed(Client client, test::SocketPair from, test::SocketPair to)
      : source(std::move(from.far)),
        sink(std::move(to.far)),
        in(reactor, std::move(from.near), client == Client::Reader ? Side::Client : Side::Upstream),
        out(reactor, std::move(to.near), client == Client::Reader ? Side::Upstream : Side::Client),
        body(in, window, client == Client::Reader ? Side::Client : Side::Upstream),
        writer(out),
        client_(client) {
    room_.assign(4096, '.');
    std::memcpy(room_.data(), kHead.data(), kHead.size());
  }

  Client client_;
  std::vector<char> room_;
};

struct ChangeRow {
  const char* name;
  Framing framing;
  std::string_view wire;
  bool ends;  // the source ends behind these bytes
  BodyCoding coding;
  std::string_view sent;
};

const ChangeRow kChanges[] = {
    {"nothing", {}, "", false, BodyCoding::None, ""},
    {"length to identity", length(5), "hello", false, BodyCoding::Identity, "hello"},
    {"an empty length", length(0), "", false, BodyCoding::Identity, ""},
    {"chunked to identity", kChunked, "5\r\nhello\r\n0\r\n\r\n", false, BodyCoding::Identity,
     "hello"},
    {"chunked to identity drops trailers", kChunked, "5\r\nhello\r\n0\r\nX-Sum: 1\r\n\r\n", false,
     BodyCoding::Identity, "hello"},
    {"until close to identity", kUntilClose, "hello", true, BodyCoding::Identity, "hello"},
    {"chunked to chunked", kChunked, "5\r\nhello\r\n0\r\n\r\n", false, BodyCoding::Chunked,
     "5\r\nhello\r\n0\r\n\r\n"},
    {"extensions are dropped", kChunked, "5;x=y\r\nhello\r\n0;z\r\n\r\n", false,
     BodyCoding::Chunked, "5\r\nhello\r\n0\r\n\r\n"},
    {"trailers are passed on", kChunked, "5\r\nhello\r\n0\r\nX-Sum: 1\r\nX-B: 2\r\n\r\n", false,
     BodyCoding::Chunked, "5\r\nhello\r\n0\r\nX-Sum: 1\r\nX-B: 2\r\n\r\n"},
    {"framing fields are no trailers", kChunked,
     "1\r\nx\r\n0\r\nContent-Length: 9\r\nHost: evil\r\nX-B: 2\r\n\r\n", false, BodyCoding::Chunked,
     "1\r\nx\r\n0\r\nX-B: 2\r\n\r\n"},
    {"trailers alone", kChunked, "0\r\nX-Sum: 1\r\n\r\n", false, BodyCoding::Chunked,
     "0\r\nX-Sum: 1\r\n\r\n"},
    {"until close to chunked", kUntilClose, "hello", true, BodyCoding::Chunked,
     "5\r\nhello\r\n0\r\n\r\n"},
    {"nothing until close to chunked", kUntilClose, "", true, BodyCoding::Chunked, "0\r\n\r\n"},
};

TEST(Relay, ChangesTheFraming) {
  for (const ChangeRow& row : kChanges) {
    SCOPED_TRACE(row.name);
    Bed bed;
    if (!row.wire.empty()) bed.source.send(row.wire);
    if (row.ends) bed.source.finish();
    test::settle(bed.reactor);
    bed.begin(row.framing, row.coding);
    EXPECT_EQ(bed.end(), "ok");
    EXPECT_EQ(bed.sent(), row.sent);
  }
}

// The same content, whatever pieces it comes in.
TEST(Relay, KeepsTheContentOfSingleBytes) {
  for (const ChangeRow& row : kChanges) {
    if (row.coding != BodyCoding::Identity) continue;
    SCOPED_TRACE(row.name);
    Bed bed;
    bed.begin(row.framing, row.coding);
    for (size_t i = 0; i < row.wire.size(); ++i) {
      bed.source.send(row.wire.substr(i, 1));
      bed.reactor.turn(1s);
    }
    if (row.ends) bed.source.finish();
    EXPECT_EQ(bed.end(), "ok");
    EXPECT_EQ(bed.sent(), row.sent);
  }
}

// --- the copy for a mirror

TEST(Relay, ACopyGetsTheContent) {
  for (const ChangeRow& row : kChanges) {
    for (const bool in_single_bytes : {false, true}) {
      SCOPED_TRACE(row.name);
      BodyRoom room(100);
      BodyCopy copy(100, room);
      Bed bed(Client::Reader);
      copy.restart();
      bed.begin(row.framing, row.coding, {.idle = Duration{10s}, .copies = {&copy}});
      const size_t step = in_single_bytes ? 1 : row.wire.size();
      for (size_t i = 0; i < row.wire.size(); i += step) {
        bed.source.send(row.wire.substr(i, step));
        bed.reactor.turn(1s);
      }
      if (row.ends) bed.source.finish();
      EXPECT_EQ(bed.end(), "ok");
      const bool has_content = row.wire.find("hello") != std::string_view::npos;
      const bool has_x = row.wire.starts_with("1\r\nx");
      EXPECT_EQ(copy.octets(), has_content ? "hello" : has_x ? "x" : "");
      EXPECT_EQ(copy.state(), BodyCopy::State::Whole);
    }
  }
}

TEST(Relay, ACopyGetsOnlyWhatWasForwarded) {
  BodyRoom room(1 << 20);
  BodyCopy copy(1 << 20, room);
  Bed bed(Client::Reader);
  bed.begin(length(5), BodyCoding::Identity, {.idle = Duration{10s}, .copies = {&copy}});
  bed.source.send("hel");
  bed.sink.awaitEnding(bed.reactor, "hel");
  EXPECT_EQ(copy.octets(), "hel");
  bed.source.send("loHTTP/1.1");
  EXPECT_EQ(bed.end(), "ok");
  EXPECT_EQ(copy.octets(), "hello");
}

TEST(Relay, ACopyThatIsFullChangesNothing) {
  const std::string content(1 << 20, 'c');
  BodyRoom room(1000);
  BodyCopy copy(1000, room);
  Bed bed(Client::Reader);
  bed.begin(length(content.size()), BodyCoding::Identity,
            {.idle = Duration{10s}, .copies = {&copy}});
  size_t given = 0;
  test::runUntil(bed.reactor, [&] {
    given += bed.source.sendSome(std::string_view(content).substr(given));
    bed.sink.received();
    return bed.task.done();
  });
  EXPECT_EQ(bed.end(), "ok");
  EXPECT_TRUE(bed.sent() == content);
  EXPECT_EQ(copy.state(), BodyCopy::State::TooLarge);
  EXPECT_EQ(copy.octets(), "");
}

TEST(Relay, TheHeadDoesNotWaitForTheBody) {
  Bed bed;
  bed.begin(length(5), BodyCoding::Identity);
  EXPECT_EQ(bed.sink.await(bed.reactor, Bed::kHead.size()), Bed::kHead);
  EXPECT_FALSE(bed.task.done());
  bed.source.send("hello");
  EXPECT_EQ(bed.end(), "ok");
  EXPECT_EQ(bed.sent(), "hello");
}

TEST(Relay, EachPieceGoesOnAtOnce) {
  Bed bed;
  bed.begin(kChunked, BodyCoding::Chunked);
  bed.source.send("3\r\nabc\r\n");
  bed.sink.awaitEnding(bed.reactor, "3\r\nabc\r\n");
  bed.source.send("1\r\nd\r\n");
  bed.sink.awaitEnding(bed.reactor, "1\r\nd\r\n");
  EXPECT_FALSE(bed.task.done());
}

TEST(Relay, LeavesWhatComesBehindTheBody) {
  Bed bed;
  bed.source.send("helloHTTP/1.1");
  test::settle(bed.reactor);
  bed.begin(length(5), BodyCoding::Identity);
  EXPECT_EQ(bed.end(), "ok");
  EXPECT_EQ(bed.window.unread().size(), 8u);
  EXPECT_EQ(bed.sent(), "hello");
}

class RelayOfLarge : public testing::TestWithParam<bool> {};

INSTANTIATE_TEST_SUITE_P(Ways, RelayOfLarge, testing::Bool(),
                         [](const auto& given) { return given.param ? "by_pipe" : "copied"; });

TEST_P(RelayOfLarge, ASlowReceiverSlowsTheSenderDown) {
  Bed bed;
  bed.with_pipes = GetParam();
  bed.shrink();
  const std::string content(16 << 20, 'c');
  bed.begin(length(content.size()), BodyCoding::Identity);
  size_t given = 0;
  for (int quiet = 0; quiet < 20;) {
    const size_t more = bed.source.sendSome(std::string_view(content).substr(given));
    given += more;
    quiet = more == 0 ? quiet + 1 : 0;
    bed.reactor.turn(1ms);
  }
  EXPECT_LT(given, size_t{4} << 20) << "the relay reads what nobody takes";
  test::runUntil(bed.reactor, [&] {
    given += bed.source.sendSome(std::string_view(content).substr(given));
    bed.sink.received();
    return bed.task.done();
  });
  EXPECT_EQ(bed.end(), "ok");
  EXPECT_TRUE(bed.sent() == content);
}

// --- large bodies

std::string patternOf(size_t length) {
  std::string text(length, '\0');
  for (size_t i = 0; i < length; ++i) text[i] = static_cast<char>('a' + (i * 31 + i / 251) % 26);
  return text;
}

// Gives the relay all of it, and takes what comes, to the end.
void moveAll(Bed& bed, std::string_view wire, bool ends) {
  test::runUntil(bed.reactor, [&] {
    wire.remove_prefix(bed.source.sendSome(wire));
    if (wire.empty() && std::exchange(ends, false)) bed.source.finish();
    bed.sink.received();
    return bed.task.done();
  });
}

struct PipeRow {
  const char* name;
  Framing framing;
  BodyCoding coding;
  bool is_copied;  // by somebody who still wants it
  bool goes_by_pipe;
};

TEST(RelayByPipe, MovesWhatNobodyNeedsToSee) {
  const std::string content = patternOf(3 << 20);
  const PipeRow rows[] = {
      {"length", length(content.size()), BodyCoding::Identity, false, true},
      {"until close", kUntilClose, BodyCoding::Identity, false, true},
      {"until close to chunked", kUntilClose, BodyCoding::Chunked, false, false},
      {"copied", length(content.size()), BodyCoding::Identity, true, false},
  };
  for (const PipeRow& row : rows) {
    SCOPED_TRACE(row.name);
    BodyRoom room(content.size());
    BodyCopy copy(content.size(), room);
    Bed bed;
    bed.begin(row.framing, row.coding,
              {.idle = Duration{10s}, .copies = {row.is_copied ? &copy : nullptr}});
    moveAll(bed, content, row.framing.kind == Framing::Kind::UntilClose);
    EXPECT_EQ(bed.end(), "ok");
    EXPECT_EQ(bed.body.octets(), content.size());
    EXPECT_EQ(bed.pipes.idle(), row.goes_by_pipe ? 1u : 0u);
    if (row.is_copied) EXPECT_TRUE(copy.octets() == content);
    if (row.coding == BodyCoding::Chunked) continue;
    EXPECT_EQ(bed.writer.bytesSent(), Bed::kHead.size() + content.size());
    EXPECT_TRUE(bed.sent() == content);
  }
}

TEST(RelayByPipe, LeavesTheStreamQuiet) {
  const std::string content = patternOf(1 << 20);
  Bed bed;
  bed.begin(length(content.size()), BodyCoding::Identity);
  moveAll(bed, content, false);
  EXPECT_EQ(bed.end(), "ok");
  EXPECT_TRUE(bed.in.quiet()) << "the connection would not be used again";
}

TEST(RelayByPipe, LeavesWhatComesBehindTheBody) {
  const std::string content = patternOf(1 << 20);
  Bed bed;
  bed.begin(length(content.size()), BodyCoding::Identity);
  moveAll(bed, content + "HTTP/1.1", false);
  EXPECT_EQ(bed.end(), "ok");
  test::runUntil(bed.reactor, [&] { return bed.in.maybeReadable() || !bed.window.empty(); });
  EXPECT_FALSE(bed.in.quiet() && bed.window.empty());
  EXPECT_TRUE(bed.sent() == content);
}

TEST(RelayByPipe, CopiesWhereThereIsNoPipe) {
  const std::string content = patternOf(1 << 20);
  Bed bed;
  const io::Pipe taken = bed.pipes.lend();
  bed.begin(length(content.size()), BodyCoding::Identity);
  moveAll(bed, content, false);
  EXPECT_EQ(bed.end(), "ok");
  EXPECT_TRUE(bed.sent() == content);
}

TEST(RelayByPipe, AnEarlyEndIsTheSources) {
  const std::string content = patternOf(1 << 20);
  for (const bool is_reset : {false, true}) {
    Bed bed;
    bed.begin(length(2 * content.size()), BodyCoding::Identity);
    std::string_view wire = content;
    test::runUntil(bed.reactor, [&] {
      wire.remove_prefix(bed.source.sendSome(wire));
      return wire.empty() && bed.sink.received().ends_with(content.substr(content.size() - 99));
    });
    is_reset ? bed.source.reset() : bed.source.finish();
    EXPECT_EQ(bed.end(),
              is_reset ? "upstream reset response_body" : "upstream closed response_body");
    EXPECT_EQ(bed.pipes.lent(), 0u);
  }
}

// --- ends that are none

struct FailureRow {
  const char* name;
  Client client;
  Framing framing;
  std::string_view wire;
  void (*happens)(Bed&);
  const char* failure;
};

TEST(Relay, SaysWhoseFaultItWas) {
  const auto nothing = [](Bed&) {};
  const auto source_ends = [](Bed& bed) { bed.source.finish(); };
  const auto source_resets = [](Bed& bed) { bed.source.reset(); };
  const FailureRow rows[] = {
      {"the server ends early", Client::Writer, length(5), "hell", source_ends,
       "upstream closed response_body"},
      {"the server ends within a chunk", Client::Writer, kChunked, "5\r\nhell", source_ends,
       "upstream closed response_body"},
      {"the server resets", Client::Writer, length(5), "hell", source_resets,
       "upstream reset response_body"},
      {"the server resets until close", Client::Writer, kUntilClose, "hell", source_resets,
       "upstream reset response_body"},
      {"the server is silent", Client::Writer, length(5), "hell", nothing,
       "upstream timeout response_body"},
      {"the server's chunks are malformed", Client::Writer, kChunked, "5\r\nhelloX\r\n", nothing,
       "upstream malformed response_body"},
      {"the client ends early", Client::Reader, length(5), "hell", source_ends,
       "client closed request_body"},
      {"the client resets", Client::Reader, length(5), "hell", source_resets,
       "client reset request_body"},
      {"the client is silent", Client::Reader, length(5), "hell", nothing,
       "client timeout request_body"},
      {"the client's chunks are malformed", Client::Reader, kChunked, "zz\r\n", nothing,
       "client malformed request_body"},
  };
  for (const FailureRow& row : rows) {
    SCOPED_TRACE(row.name);
    Bed bed(row.client);
    bed.begin(row.framing, BodyCoding::Identity, {.idle = Duration{30ms}});
    bed.source.send(row.wire);
    test::settle(bed.reactor);
    row.happens(bed);
    EXPECT_EQ(bed.end(), row.failure);
  }
}

// Sends without end, for as long as the relay takes it.
std::string endWithEndlessSource(Bed& bed) {
  const std::string piece(64 * 1024, 'p');
  test::runUntil(bed.reactor, [&] {
    bed.source.sendSome(piece);
    return bed.task.done();
  });
  return bed.end();
}

TEST_P(RelayOfLarge, ASinkThatIsGoneOrSilentIsTold) {
  for (const Client client : {Client::Writer, Client::Reader}) {
    const std::string side = client == Client::Writer ? "client " : "upstream ";
    const std::string step = client == Client::Writer ? " response_body" : " request_body";
    SCOPED_TRACE(side);
    Bed gone(client);
    gone.with_pipes = GetParam();
    gone.begin(length(1 << 30), BodyCoding::Identity);
    gone.sink.reset();
    EXPECT_EQ(endWithEndlessSource(gone), side + "reset" + step);

    Bed silent(client);
    silent.with_pipes = GetParam();
    silent.shrink();
    silent.begin(length(1 << 30), BodyCoding::Identity, {.idle = Duration{100ms}});
    EXPECT_EQ(endWithEndlessSource(silent), side + "timeout" + step);
  }
}

TEST_P(RelayOfLarge, TheDeadlineOfTheExchangeIsOne) {
  Bed reading;
  reading.begin(length(5), BodyCoding::Identity,
                {.idle = Duration{10s}, .until = reading.reactor.now() + 10ms});
  EXPECT_EQ(reading.end(), "upstream deadline response_body");

  Bed writing;
  writing.with_pipes = GetParam();
  writing.shrink();
  writing.begin(length(1 << 30), BodyCoding::Identity,
                {.idle = Duration{10s}, .until = writing.reactor.now() + 200ms});
  EXPECT_EQ(endWithEndlessSource(writing), "client deadline response_body");
}

// --- the minimum rate

// A byte every other millisecond: far below the rate, but never silent.
std::string endWithTricklingSource(Bed& bed, size_t bytes) {
  size_t sent = 0;
  TimePoint next = bed.reactor.now();
  test::runUntil(bed.reactor, [&] {
    if (sent < bytes && bed.reactor.now() >= next) {
      sent += bed.source.sendSome("x");
      next = bed.reactor.now() + 2ms;
    }
    return bed.task.done();
  });
  return bed.end();
}

TEST(Relay, AClientThatTricklesItsRequestIsTooSlow) {
  Bed bed(Client::Reader);
  bed.begin(length(100'000), BodyCoding::Identity, {.idle = Duration{60ms}, .min_rate = 1'000'000});
  EXPECT_EQ(endWithTricklingSource(bed, 100'000), "client too_slow request_body");
}

TEST(Relay, AServerMayTakeItsTime) {
  Bed bed(Client::Writer);
  bed.begin(length(60), BodyCoding::Identity, {.idle = Duration{60ms}, .min_rate = 1'000'000});
  EXPECT_EQ(endWithTricklingSource(bed, 60), "ok");
}

TEST(Relay, WithoutARateNobodyIsTooSlow) {
  Bed bed(Client::Reader);
  bed.begin(length(60), BodyCoding::Identity, {.idle = Duration{60ms}, .min_rate = 0});
  EXPECT_EQ(endWithTricklingSource(bed, 60), "ok");
}

TEST_P(RelayOfLarge, AClientThatTricklesTheResponseIsTooSlow) {
  Bed bed(Client::Writer);
  bed.with_pipes = GetParam();
  bed.shrink();
  bed.begin(length(1 << 30), BodyCoding::Identity,
            {.idle = Duration{100ms}, .min_rate = uint64_t{1} << 40});
  const std::string piece(64 * 1024, 'p');
  test::runUntil(bed.reactor, [&] {
    bed.source.sendSome(piece);
    char some[10'000];
    [[maybe_unused]] const ssize_t got = ::recv(bed.sink.fd(), some, sizeof some, MSG_DONTWAIT);
    return bed.task.done();
  });
  EXPECT_EQ(bed.end(), "client too_slow response_body");
}

}  // namespace
}  // namespace fairlead::proxy
