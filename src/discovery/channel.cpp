// c-ares thinks in poll(2), level-triggered; the reactor is edge-triggered. So whenever a socket
// stirs, or c-ares wants something new of one, all its sockets are polled until none is ready.
#include "discovery/channel.h"

#include <ares.h>
#include <arpa/nameser.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace fairlead::discovery {
namespace {

// Rounds over the servers: with three, and a first wait of a fifth of the timeout, each of up to
// five servers is asked within it, and a single one three times.
constexpr int kRounds = 3;
// Announced by EDNS (RFC 6891): what fits into a packet on all usual paths. Without EDNS an answer
// ends at 512 octets, and some servers choose a few addresses at random instead of saying so.
constexpr int kUdpAnswer = 1232;
// Of one turn, so that a flood of answers does not hold up the thread.
constexpr int kServicesPerTurn = 64;

Duration toDuration(const timeval& span) {
  return std::chrono::seconds(span.tv_sec) + std::chrono::microseconds(span.tv_usec);
}

ares_addr_port_node toNode(const SocketAddress& server) {
  ares_addr_port_node node{};
  node.udp_port = node.tcp_port = server.port;
  if (server.ip.isV4()) {
    node.family = AF_INET;
    node.addr.addr4.s_addr = htonl(server.ip.v4HostOrder());
  } else {
    node.family = AF_INET6;
    std::memcpy(&node.addr.addr6, server.ip.bytes().data(), server.ip.bytes().size());
  }
  return node;
}

}  // namespace

Channel::Channel(io::Reactor& reactor, const ChannelSettings& settings) : reactor_(reactor) {
  open(settings);
  if (!channel_) return;
  if (settings.servers.empty()) {
    readSearchList();
  } else {
    setServers(settings.servers);
  }
}

Channel::~Channel() {
  if (channel_) ares_destroy(channel_);
}

void Channel::open(const ChannelSettings& settings) {
  std::string path = settings.resolv_conf;
  ares_options options{};
  options.flags = ARES_FLAG_EDNS;
  options.ednspsz = kUdpAnswer;
  options.tries = kRounds;
  options.timeout = static_cast<int>(
      std::max<Duration::rep>(settings.first_wait / std::chrono::milliseconds(1), 1));
  options.resolvconf_path = path.data();
  options.sock_state_cb = [](void* self, int fd, int readable, int writable) {
    static_cast<Channel*>(self)->onInterest(fd, readable != 0, writable != 0);
  };
  options.sock_state_cb_data = this;
  const int set = ARES_OPT_FLAGS | ARES_OPT_EDNSPSZ | ARES_OPT_TRIES | ARES_OPT_TIMEOUTMS |
                  ARES_OPT_RESOLVCONF | ARES_OPT_SOCK_STATE_CB;
  if (ares_init_options(&channel_, &options, set) != ARES_SUCCESS) channel_ = nullptr;
}

void Channel::setServers(const std::vector<SocketAddress>& servers) {
  std::vector<ares_addr_port_node> nodes;
  nodes.reserve(servers.size());
  for (const SocketAddress& server : servers) nodes.push_back(toNode(server));
  for (size_t i = 1; i < nodes.size(); ++i) nodes[i - 1].next = &nodes[i];
  if (ares_set_servers_ports(channel_, nodes.data()) == ARES_SUCCESS) return;
  ares_destroy(channel_);
  channel_ = nullptr;
}

void Channel::readSearchList() {
  ares_options options{};
  int set = 0;
  if (ares_save_options(channel_, &options, &set) == ARES_SUCCESS) {
    search_.domains.assign(options.domains, options.domains + options.ndomains);
    search_.dots_to_be_absolute = options.ndots;
  }
  ares_destroy_options(&options);
}

void Channel::ask(const std::string& name, Family family, Asker& asker) {
  if (!channel_) return asker.onAnswer(family, {.finding = Finding::NoResolver});
  send(questions_.emplace_back(*this, &asker, family, name));
  reactor_.soon(service_);  // arms the timer, once for all that is asked in this turn
}

void Channel::send(Question& question) {
  ares_query(channel_, question.name.c_str(), ns_c_in,
             question.family == Family::V4 ? ns_t_a : ns_t_aaaa, onAnswer, &question);
}

void Channel::forget(const Asker& asker) {
  for (Question& question : questions_)
    if (question.asker == &asker) question.asker = nullptr;
}

void Channel::onAnswer(void* asked, int status, int, unsigned char* message, int length) {
  Question& under_way = *static_cast<Question*>(asked);
  // A server that does not know EDNS. c-ares leaves it away from now on and repeats one question;
  // the others that were under way are left to us.
  if (status == ARES_EFORMERR && under_way.asker && !std::exchange(under_way.repeated, true))
    return under_way.channel.send(under_way);
  const Question question = std::move(under_way);
  std::list<Question>& questions = question.channel.questions_;
  questions.erase(std::ranges::find_if(questions, [&](Question& q) { return &q == asked; }));
  if (!question.asker) return;
  question.asker->onAnswer(
      question.family, readAnswer(question.family, status,
                                  {message, message ? static_cast<size_t>(length) : size_t{0}}));
}

void Channel::onInterest(int fd, bool readable, bool writable) {
  const auto known = std::ranges::find(sockets_, fd, &pollfd::fd);
  if (!readable && !writable) {
    if (known == sockets_.end()) return;
    sockets_.erase(known);
    reactor_.unwatch(fd);
    return;
  }
  const auto events = static_cast<short>((readable ? POLLIN : 0) | (writable ? POLLOUT : 0));
  if (known != sockets_.end()) {
    known->events = events;
  } else if (reactor_.watch(fd, *this)) {
    sockets_.push_back({fd, events, 0});
  }
  reactor_.soon(service_);  // it may be ready already, and the reactor would not say so again
}

void Channel::serve() {
  int served = 0;
  while (served < kServicesPerTurn && serveOne()) ++served;
  if (served == kServicesPerTurn) reactor_.soon(service_);
  armTimer();
}

// One socket only: serving it may close others, and give their numbers to new ones.
bool Channel::serveOne() {
  if (sockets_.empty() || ::poll(sockets_.data(), sockets_.size(), 0) <= 0) return false;
  const auto ready = std::ranges::find_if(sockets_, [](const pollfd& s) { return s.revents != 0; });
  if (ready == sockets_.end()) return false;
  const int fd = ready->fd;
  const bool readable = (ready->revents & ~POLLOUT) != 0;
  const bool writable = (ready->revents & POLLOUT) != 0;
  ares_process_fd(channel_, readable ? fd : ARES_SOCKET_BAD, writable ? fd : ARES_SOCKET_BAD);
  return true;
}

void Channel::onTimer() {
  ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  armTimer();
}

void Channel::armTimer() {
  timeval span{};
  if (channel_ && ares_timeout(channel_, nullptr, &span)) {
    reactor_.timers().arm(next_try_, reactor_.now() + std::max(toDuration(span), Duration{0}));
  } else {
    next_try_.cancel();
  }
}

}  // namespace fairlead::discovery
