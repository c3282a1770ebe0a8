// signalfd behind the reactor.
#include "control/signals.h"

#include <sys/signalfd.h>

#include <csignal>
#include <utility>

namespace fairlead::control {
namespace {

sigset_t handledSignals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGUSR1}) sigaddset(&set, number);
  return set;
}

}  // namespace

void blockSignals() {
  const sigset_t set = handledSignals();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
}

Signals::Signals(io::Reactor& reactor) : reactor_(reactor) {
  const sigset_t set = handledSignals();
  fd_ = io::Descriptor(::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
  reactor_.watch(fd_.get(), *this);
}

Signals::~Signals() { reactor_.unwatch(fd_.get()); }

int Signals::read() {
  signalfd_siginfo info;
  const ssize_t got = ::read(fd_.get(), &info, sizeof info);
  return got == static_cast<ssize_t>(sizeof info) ? static_cast<int>(info.ssi_signo) : 0;
}

void Signals::onReady(io::Readiness readiness) {
  if (!readiness.readable || !waiting_) return;
  const int number = read();
  if (number == 0) return;
  NextOp& op = *std::exchange(waiting_, nullptr);
  op.number_ = number;
  op.waiting_.resume();
}

}  // namespace fairlead::control
