// How many requests may be hedged: a share of all of them, and a few where there are not many.
#pragma once

#include <algorithm>

namespace fairlead::upstream {

// Each request brings its share of a hedge, and each hedge takes a whole one. What is saved up is
// bounded, so that a pool that gets slow after a quiet hour is not asked twice as much at once. Of
// one worker.
class HedgeBudget {
 public:
  static constexpr double kAtFirst = 3;
  static constexpr double kMost = 10;  // answers are late in bunches

  void addRequest(double share) { saved_ = std::min(saved_ + share, kMost); }
  // Takes one hedge; false when there is none left.
  bool take() {
    if (saved_ < 1) return false;
    saved_ -= 1;
    return true;
  }

 private:
  double saved_ = kAtFirst;
};

}  // namespace fairlead::upstream
