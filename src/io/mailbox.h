// The only road between threads: letters are functions, run by the reactor that owns the box.
#pragma once

#include <functional>
#include <mutex>
#include <vector>

#include "io/reactor.h"

namespace fairlead::io {

// Posting is for any thread; letters run on the reactor's thread, in order.
class Mailbox final : public Source {
 public:
  using Letter = std::move_only_function<void()>;

  explicit Mailbox(Reactor& reactor);
  Mailbox(const Mailbox&) = delete;
  Mailbox& operator=(const Mailbox&) = delete;
  ~Mailbox();

  void post(Letter letter);
  void onReady(Readiness readiness) override;

 private:
  Reactor& reactor_;
  Descriptor bell_;
  std::mutex mutex_;
  std::vector<Letter> letters_;
};

}  // namespace fairlead::io
