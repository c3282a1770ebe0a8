// A request's body as it passes by, kept for a mirror: bounded in itself, and together with others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fairlead::proxy {

// The octets of one body. They are taken from `room`, which all copies of a worker share, and given
// back when the copy ends. One thread; `room` outlives it.
class BodyCopy {
 public:
  BodyCopy(uint64_t limit, uint64_t& room) : limit_(limit), room_(room) {}
  BodyCopy(const BodyCopy&) = delete;
  BodyCopy& operator=(const BodyCopy&) = delete;
  ~BodyCopy() { forget(); }

  // The body begins, for the first time or again.
  void restart() {
    forget();
    state_ = State::Whole;
  }
  void add(std::string_view piece);

  enum class State : uint8_t {
    Whole,     // `octets` are all that came
    TooLarge,  // over the limit: nothing is kept
    NoRoom,    // the copies of this worker hold too much already: nothing is kept
  };
  State state() const { return state_; }
  const std::string& octets() const { return octets_; }

 private:
  void forget();

  uint64_t limit_;
  uint64_t& room_;
  State state_ = State::Whole;
  std::string octets_;
};

}  // namespace fairlead::proxy
