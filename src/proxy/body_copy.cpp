// Counting what copies of bodies hold.
#include "proxy/body_copy.h"

namespace fairlead::proxy {

void BodyCopy::add(std::string_view piece) {
  if (state_ != State::Whole) return;
  const State state = piece.size() > limit_ - octets_.size() ? State::TooLarge
                      : piece.size() > room_                 ? State::NoRoom
                                                             : State::Whole;
  if (state == State::Whole) {
    room_ -= piece.size();
    octets_.append(piece);
  } else {
    forget();
    state_ = state;
  }
}

void BodyCopy::forget() {
  room_ += octets_.size();
  octets_ = {};
}

}  // namespace fairlead::proxy
