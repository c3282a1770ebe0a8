// Asking a running fairlead: the client's side of the admin API, for the verbs. It blocks.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "base/ip_address.h"
#include "base/time.h"

namespace fairlead::admin {

struct AdminAddress {
  SocketAddress tcp;
  std::string unix_path;  // not empty: a Unix socket, and the rest is unused

  std::string text() const;
};

struct Question {
  std::string_view token;  // empty: none is shown
  std::string_view method = "GET";
  std::string_view target;  // "/api/pools"; see `segment`
};

struct Reply {
  uint16_t status = 0;
  std::string body;  // JSON
};

// One request over a connection of its own. The error is a sentence for people, with what to do.
// `timeout` is for all of it.
std::expected<Reply, std::string> ask(const AdminAddress& at, const Question& question,
                                      Duration timeout);

// A name as one segment of a target: "www.mango.com%2Fapi".
std::string segment(std::string_view name);

}  // namespace fairlead::admin
