// The tokens by which clients come back to their servers.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "upstream/server.h"

namespace fairlead::upstream {

// A token is a keyed hash of the pool's and the server's names: opaque, not to be made up without
// the secret, and the same after a restart, whatever the order of the servers. 22 characters that
// may stand in a cookie.
std::string stickyToken(std::string_view secret, std::string_view pool, std::string_view server);

// Tokens of the servers of one roster. Servers are counted as the roster lists them.
class StickyTable {
 public:
  StickyTable() = default;
  StickyTable(std::string_view secret, std::string_view pool,
              const std::vector<std::shared_ptr<Server>>& servers);
  StickyTable(const StickyTable&) = delete;  // its views would be of the other one's tokens
  StickyTable& operator=(const StickyTable&) = delete;
  StickyTable(StickyTable&&) = default;
  StickyTable& operator=(StickyTable&&) = default;

  static constexpr size_t kNone = SIZE_MAX;
  // Which server a token names; kNone for one that this fairlead never gave, or whose server is not
  // there any more.
  size_t find(std::string_view token) const;
  std::string_view tokenOf(size_t server) const { return tokens_[server]; }

 private:
  std::vector<std::string> tokens_;
  std::unordered_map<std::string_view, size_t> servers_;  // views of tokens_
};

}  // namespace fairlead::upstream
