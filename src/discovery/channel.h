// c-ares on a reactor: questions to DNS servers, with retransmission, the next server, and TCP when
// an answer is too long.
#pragma once

#include <poll.h>

#include <list>
#include <string>
#include <vector>

#include "base/ip_address.h"
#include "discovery/answer.h"
#include "discovery/search_list.h"
#include "io/reactor.h"

struct ares_channeldata;
struct ares_options;

namespace fairlead::discovery {

struct ChannelSettings {
  std::vector<SocketAddress> servers;  // empty: those of resolv.conf, with its search list
  Duration first_wait{};               // for an answer of one server; doubled in each round
  std::string resolv_conf;
};

// Who wants an answer. Told from within c-ares: it must not ask again before it has returned.
class Asker {
 public:
  virtual void onAnswer(Family family, Answer answer) = 0;

 protected:
  ~Asker() = default;
};

// One thread, the reactor's. Must not be destroyed by an asker that is being told.
class Channel final : io::Source {
 public:
  Channel(io::Reactor& reactor, const ChannelSettings& settings);
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  ~Channel();

  const SearchList& search() const { return search_; }

  // Once for each question the asker is told, perhaps before this returns, unless it is forgotten.
  void ask(const std::string& name, Family family, Asker& asker);
  // c-ares cannot take back a question: the answer will be dropped.
  void forget(const Asker& asker);

 private:
  struct Question {
    Channel& channel;
    Asker* asker;  // null: forgotten
    Family family;
    std::string name;
    bool repeated = false;
  };
  // Answers what is ready, at the end of the turn.
  struct Service : io::Errand {
    explicit Service(Channel& c)
        : Errand([](Errand& errand) { static_cast<Service&>(errand).channel.serve(); }),
          channel(c) {}
    Channel& channel;
  };
  struct NextTry : io::Timer {
    explicit NextTry(Channel& c)
        : Timer([](Timer& timer, TimePoint) { static_cast<NextTry&>(timer).channel.onTimer(); }),
          channel(c) {}
    Channel& channel;
  };

  void send(Question& question);
  void open(const ChannelSettings& settings);
  void setServers(const std::vector<SocketAddress>& servers);
  void readSearchList();
  void onReady(io::Readiness) override { serve(); }
  // What c-ares wants to know of a socket from now on; neither: it is about to be closed.
  void onInterest(int fd, bool readable, bool writable);
  static void onAnswer(void* question, int status, int timeouts, unsigned char* message,
                       int length);
  void serve();
  bool serveOne();
  void onTimer();
  void armTimer();

  io::Reactor& reactor_;
  ares_channeldata* channel_ = nullptr;  // null: could not be opened
  SearchList search_;
  std::vector<pollfd> sockets_;
  std::list<Question> questions_;
  Service service_{*this};
  NextTry next_try_{*this};
};

}  // namespace fairlead::discovery
