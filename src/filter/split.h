// split: which of several pools a client goes to, by fixed shares, and the same one each time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"
#include "filter/filter.h"

namespace fairlead::filter {

// One pool of a split.
struct SplitArm {
  std::string pool_name;
  uint32_t percent = 0;
  uint32_t pool = 0;  // index of the pool; not known to readSplit
  Mark mark;
};

// `{ stable: 95, canary: 5 }`, in the order of the file. Whether the pools exist is not asked.
// After an error the names are there all the same.
std::vector<SplitArm> readSplit(const Value& value, Diagnostics& out);

// A client is known by a cookie, which names its pool. One without is drawn by its address: by
// weighted rendezvous, so that a share that grows takes clients from the others and loses none.
class Split {
 public:
  static constexpr std::string_view kCookie = "fairlead_split";
  // Splits of one site share the cookie: its tokens, newest first.
  static constexpr size_t kMostTokens = 8;

  struct Choice {
    size_t arm = 0;
    bool set_cookie = false;  // the client does not bring this pool's token, and has no other
    bool by_cookie = false;   // the client's cookie chose
  };

  // At least one arm has a share. `scope` tells the tokens of splits apart that share pools: the
  // route's name, for example. Those of the same scope mean the same pools.
  explicit Split(std::vector<SplitArm> arms, std::string_view scope = {});

  const std::vector<SplitArm>& arms() const { return arms_; }

  // `usable(arm)`: has its pool a healthy server now? The other shares stand in for a pool that has
  // none; a client whose cookie names it comes back to it. Asked of all in vain, the answer no
  // longer matters. `fields` are the request's, as they came.
  template <typename Usable>
  Choice choose(const http::Fields& fields, const IpAddress& client, Usable usable) const;

  // The Set-Cookie for a choice. Called while the request has its cookies: those of other splits
  // are handed on.
  http::Field setCookie(const http::Fields& fields, size_t arm, std::string_view scheme,
                        Arena& arena) const;
  // The cookie is not the server's business. Returns how many there were.
  static size_t hideCookie(http::Fields& fields, Arena& arena);

 private:
  static constexpr size_t kNone = SIZE_MAX;

  struct Draw {
    uint64_t hash = 0;  // of the pool's name
    std::string token;
  };

  // The first arm with a share that the client's cookie names, or kNone.
  size_t pinned(const http::Fields& fields) const;
  size_t armOf(std::string_view token) const;
  // Lower is nearer. Of arms that have a share.
  double distance(size_t arm, uint64_t client) const;

  std::vector<SplitArm> arms_;
  std::vector<Draw> draws_;  // as arms_
};

template <typename Usable>
Split::Choice Split::choose(const http::Fields& fields, const IpAddress& client,
                            Usable usable) const {
  const size_t own = pinned(fields);
  if (own != kNone && usable(arms_[own])) return {.arm = own, .by_cookie = true};
  const uint64_t hash = hashOfClient(client);
  const auto nearest = [&](auto may_be) {
    size_t best = kNone;
    double best_distance = 0;
    for (size_t i = 0; i < arms_.size(); ++i) {
      if (arms_[i].percent == 0 || !may_be(i)) continue;
      const double here = distance(i, hash);
      if (best != kNone && here >= best_distance) continue;
      best = i;
      best_distance = here;
    }
    return best;
  };
  const size_t first = own != kNone ? own : nearest([](size_t) { return true; });
  if (own == kNone && usable(arms_[first])) return {.arm = first, .set_cookie = true};
  const size_t other = nearest([&](size_t i) { return i != first && usable(arms_[i]); });
  if (other != kNone) return {.arm = other, .set_cookie = own == kNone};
  return {.arm = first, .set_cookie = own == kNone, .by_cookie = own != kNone};
}

}  // namespace fairlead::filter
