// The way of one name: what the machine knows, then the search list, both families at once.
#include "discovery/resolver.h"

#include <ares.h>

#include <algorithm>
#include <coroutine>

#include "discovery/answer.h"

namespace fairlead::discovery {
namespace {

// co_await lookup: the addresses of one name in both families; comes back when both have answered,
// at the deadline, or `patience` after one brought addresses. Dropping it cancels.
class Lookup final : Asker {
 public:
  struct Limits {
    TimePoint deadline;
    Duration patience;
  };
  Lookup(io::Reactor& reactor, Channel& channel, Limits limits)
      : reactor_(reactor), channel_(channel), limits_(limits) {}
  Lookup(const Lookup&) = delete;
  Lookup& operator=(const Lookup&) = delete;
  ~Lookup() { channel_.forget(*this); }

  void ask(const std::string& name) {
    channel_.ask(name, Family::V4, *this);
    channel_.ask(name, Family::V6, *this);
  }

  bool await_ready() const { return missing_ == 0 || reactor_.now() >= limits_.deadline; }
  void await_suspend(std::coroutine_handle<> waiting) {
    waiting_ = waiting;
    reactor_.timers().armBy(limit_, limits_.deadline);
  }
  Verdict await_resume() {
    channel_.forget(*this);
    return judge(v4_, v6_);
  }

 private:
  // Resumes at the end of the turn, when c-ares is not on the stack.
  struct Complete : io::Errand {
    explicit Complete(Lookup& l)
        : Errand([](Errand& errand) { static_cast<Complete&>(errand).lookup.resume(); }),
          lookup(l) {}
    Lookup& lookup;
  };
  struct Limit : io::Timer {
    explicit Limit(Lookup& l)
        : Timer([](Timer& timer, TimePoint) { static_cast<Limit&>(timer).lookup.resume(); }),
          lookup(l) {}
    Lookup& lookup;
  };

  void onAnswer(Family family, Answer answer) override {
    const bool found = answer.finding == Finding::Addresses;
    (family == Family::V4 ? v4_ : v6_) = std::move(answer);
    if (--missing_ == 0) {
      if (waiting_) reactor_.soon(complete_);
    } else if (found) {
      // There are servers that never answer to AAAA.
      limits_.deadline = std::min(limits_.deadline, reactor_.now() + limits_.patience);
      if (waiting_) reactor_.timers().armBy(limit_, limits_.deadline);
    }
  }
  void resume() {
    complete_.cancel();
    limit_.cancel();
    std::exchange(waiting_, {}).resume();
  }

  io::Reactor& reactor_;
  Channel& channel_;
  Limits limits_;
  Answer v4_;
  Answer v6_;
  int missing_ = 2;
  std::coroutine_handle<> waiting_;
  Complete complete_{*this};
  Limit limit_{*this};
};

}  // namespace

Resolver::Library::Library() { ares_library_init(ARES_LIB_INIT_ALL); }
Resolver::Library::~Library() { ares_library_cleanup(); }

Resolver::Resolver(io::Reactor& reactor, ResolverSettings settings)
    : reactor_(reactor), settings_(std::move(settings)) {}

Resolver::~Resolver() = default;

Task<std::expected<Names, std::string>> Resolver::resolve(std::string host) {
  if (Names known = fromMachine(host); !known.addresses.empty()) co_return known;

  const std::shared_ptr<Channel> channel = this->channel();
  const Lookup::Limits limits{.deadline = reactor_.now() + settings_.timeout,
                              .patience = settings_.timeout * 2 / 5};
  Finding worst = Finding::NoName;
  for (const std::string& name : channel->search().candidates(host)) {
    Lookup lookup(reactor_, *channel, limits);
    lookup.ask(name);
    Verdict verdict = co_await lookup;
    if (verdict.finding == Finding::Addresses) {
      verdict.names.ttl = believable(verdict.names);
      co_return std::move(verdict.names);
    }
    if (verdict.finding == Finding::NoName) continue;
    worst = verdict.finding;
    if (!isCertain(worst)) break;
  }
  co_return std::unexpected(wordsFor(worst, settings_.timeout));
}

Names Resolver::fromMachine(const std::string& host) const {
  if (const auto literal = IpAddress::parse(host))
    return {.addresses = {*literal}, .ttl = kForEver};
  std::string bare = host;
  if (bare.ends_with('.')) bare.pop_back();
  std::vector<IpAddress> found = hosts_.find(bare);
  if (found.empty() && isLocalhost(bare)) {
    found = {IpAddress::v4(INADDR_LOOPBACK), *IpAddress::parse("::1")};
    normalise(found);
  }
  return {.addresses = std::move(found), .ttl = settings_.other_ttl};
}

std::shared_ptr<Channel> Resolver::channel() {
  const FileStamp conf = stampOfConf();
  const bool stale = reactor_.now() - channel_since_ >= settings_.forget_after;
  if (!channel_ || stale || !(conf == conf_)) {
    channel_ =
        std::make_shared<Channel>(reactor_, ChannelSettings{.servers = settings_.servers,
                                                            .first_wait = settings_.timeout / 5,
                                                            .resolv_conf = settings_.resolv_conf});
    channel_since_ = reactor_.now();
    conf_ = conf;
  }
  return channel_;
}

// Nothing of the file is used when the servers are given.
Resolver::FileStamp Resolver::stampOfConf() const {
  struct stat file{};
  if (!settings_.servers.empty() || ::stat(settings_.resolv_conf.c_str(), &file) != 0) return {};
  return {.modified = file.st_mtim, .inode = file.st_ino, .size = file.st_size};
}

bool Resolver::FileStamp::operator==(const FileStamp& other) const {
  return modified.tv_sec == other.modified.tv_sec && modified.tv_nsec == other.modified.tv_nsec &&
         inode == other.inode && size == other.size;
}

Duration Resolver::believable(const Names& names) const {
  const Duration ttl = std::clamp(names.ttl, settings_.shortest_ttl, settings_.longest_ttl);
  return names.partial ? std::min(ttl, settings_.other_ttl) : ttl;
}

}  // namespace fairlead::discovery
