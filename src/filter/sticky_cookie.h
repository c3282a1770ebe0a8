// sticky: the cookie by which a client comes back to its server.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/arena.h"
#include "http/fields.h"

namespace fairlead::filter {

// What its value means is the pool's business; to the client it says nothing.
class StickyCookie {
 public:
  explicit StickyCookie(std::string name) : name_(std::move(name)) {}

  const std::string& name() const { return name_; }
  // What the client brings under the name, in its order and without empty ones: browsers send one
  // cookie for each path and domain that set it. Views of the fields; of more than these the first.
  static constexpr size_t kMostValues = 8;
  std::span<const std::string_view> valuesIn(const http::Fields& fields, Arena& arena) const;
  // The cookie is not the server's business.
  void hide(http::Fields& fields, Arena& arena) const;
  // For a client that is told its server: for this session of the browser, out of reach of scripts
  // and of other sites' requests, and over TLS only where the client uses that.
  http::Field setCookie(std::string_view value, std::string_view scheme, Arena& arena) const;

 private:
  std::string name_;
};

}  // namespace fairlead::filter
