// The only road between threads: letters are functions, run by the reactor that owns the box.
#pragma once

#include <functional>
#include <mutex>
#include <vector>

#include "io/reactor.h"

namespace fairlead::io {

// Posting is for any thread; letters run on the reactor's thread, in order, so many a turn.
class Mailbox final : public Source {
 public:
  using Letter = std::move_only_function<void()>;
  static constexpr size_t kLettersPerTurn = 32;

  explicit Mailbox(Reactor& reactor);
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;
  ~Mailbox();

  void post(Letter letter);
  void onReady(Readiness readiness) override;

 private:
  struct Rest : Errand {
    explicit Rest(Mailbox& box)
        : Errand([](Errand& errand) { static_cast<Rest&>(errand).owner.deliver(); }), owner(box) {}
    Mailbox& owner;
  };

  void deliver();
  bool take();

  Reactor& reactor_;
  Descriptor bell_;
  std::mutex mutex_;
  std::vector<Letter> letters_;  // under the mutex
  std::vector<Letter> taken_;    // those from `next_` on are still to be run
  size_t next_ = 0;
  Rest rest_{*this};
};

}  // namespace fairlead::io
