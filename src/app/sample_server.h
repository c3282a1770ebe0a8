// Small servers for the demo: each answers JSON that says which server it is and what it saw.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <vector>

namespace fairlead::app {

// Several servers on 127.0.0.1, served by one thread of their own until destroyed.
class SampleServers {
 public:
  // One server a name, on the port of the same place, or on a free one when that is taken.
  // The error is a sentence.
  static std::expected<std::unique_ptr<SampleServers>, std::string> start(
      const std::vector<std::string>& names, const std::vector<uint16_t>& ports);
  ~SampleServers();

  uint16_t port(size_t index) const { return ports_[index]; }

 private:
  struct World;
  SampleServers();
  std::unique_ptr<World> world_;
  std::vector<uint16_t> ports_;
};

}  // namespace fairlead::app
