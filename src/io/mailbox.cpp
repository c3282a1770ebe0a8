// Letters between threads, announced by an eventfd.
#include "io/mailbox.h"

#include <sys/eventfd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace fairlead::io {

Mailbox::Mailbox(Reactor& reactor)
    : reactor_(reactor), bell_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  if (!bell_ || !reactor_.watch(bell_.get(), *this))
    throw std::system_error(errno, std::generic_category(), "eventfd");
}

Mailbox::~Mailbox() { reactor_.unwatch(bell_.get()); }

void Mailbox::post(Letter letter) {
  {
    const std::lock_guard lock(mutex_);
    letters_.push_back(std::move(letter));
  }
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(bell_.get(), &one, sizeof one);
}

void Mailbox::onReady(Readiness readiness) {
  if (!readiness.readable) return;
  uint64_t count;
  [[maybe_unused]] const ssize_t got = ::read(bell_.get(), &count, sizeof count);
  // When some wait for their turn already, these come after them.
  if (!rest_.pending()) deliver();
}

// False: there are none.
bool Mailbox::take() {
  taken_.clear();
  next_ = 0;
  const std::lock_guard lock(mutex_);
  taken_.swap(letters_);
  return !taken_.empty();
}

void Mailbox::deliver() {
  for (size_t left = kLettersPerTurn; left > 0; --left) {
    if (next_ == taken_.size() && !take()) return;
    Letter letter = std::move(taken_[next_++]);
    letter();
  }
  reactor_.soon(rest_);
}

}  // namespace fairlead::io
