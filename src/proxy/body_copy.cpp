// Counting what copies of bodies hold.
#include "proxy/body_copy.h"

#include <utility>

namespace fairlead::proxy {
namespace {

// More than that is given back to the allocator.
constexpr size_t kMostSpares = 16;
constexpr size_t kMostSpareOctets = size_t{128} << 10;

}  // namespace

bool BodyRoom::take(uint64_t octets) {
  if (octets > free_) return false;
  free_ -= octets;
  return true;
}

std::string BodyRoom::memory() {
  if (spare_.empty()) return {};
  std::string memory = std::move(spare_.back());
  spare_.pop_back();
  return memory;
}

void BodyRoom::giveBack(std::string octets) {
  free_ += octets.size();
  const bool is_worth_it = octets.capacity() > std::string().capacity();
  if (!is_worth_it || spare_.size() == kMostSpares || octets.capacity() > kMostSpareOctets) return;
  octets.clear();
  spare_.push_back(std::move(octets));
}

void BodyCopy::add(std::string_view piece) {
  if (state_ != State::Whole) return;
  const State state = piece.size() > limit_ - octets_.size() ? State::TooLarge
                      : !room_.take(piece.size())            ? State::NoRoom
                                                             : State::Whole;
  if (state == State::Whole) {
    if (octets_.empty()) octets_ = room_.memory();
    octets_.append(piece);
  } else {
    forget();
    state_ = state;
  }
}

void BodyCopy::forget() { room_.giveBack(std::exchange(octets_, {})); }

}  // namespace fairlead::proxy
