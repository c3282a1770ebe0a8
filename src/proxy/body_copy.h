// A request's body as it passes by, kept for a mirror or for another attempt: bounded in itself,
// and together with others.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::proxy {

// What the copies of one worker may hold together. The memory of small ones is used again, so that
// requests with bodies allocate nothing in the long run. One thread.
class BodyRoom {
 public:
  explicit BodyRoom(uint64_t octets) : free_(octets) {}

  uint64_t free() const { return free_; }
  // Whether there was room; the caller gives back as much by `giveBack`.
  bool take(uint64_t octets);
  std::string memory();  // empty, and perhaps with a capacity
  void giveBack(std::string octets);

 private:
  uint64_t free_;
  std::vector<std::string> spare_;
};

// The octets of one body, within the room of its worker, which outlives it. One thread.
class BodyCopy {
 public:
  BodyCopy(uint64_t limit, BodyRoom& room) : limit_(limit), room_(room) {}
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
  BodyRoom& room_;
  State state_ = State::Whole;
  std::string octets_;
};

}  // namespace fairlead::proxy
