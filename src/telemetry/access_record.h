// One finished request as the access log tells it: as a value, as packed bytes and as a JSON line.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/ip_address.h"
#include "base/time.h"

namespace fairlead {

// The views are valid for as long as what they were taken from: the call of `record`, or the packed
// bytes.
struct AccessRecord {
  std::chrono::microseconds time{};  // when the request began, since the epoch (UTC)
  IpAddress client{};
  uint16_t client_port = 0;
  uint16_t status = 0;  // 0: nothing was answered
  uint16_t attempts = 0;
  bool reused_connection = false;  // answered over an upstream connection that was already open
  uint64_t bytes_in = 0;
  uint64_t bytes_out = 0;
  // The parts of the whole; zero for a step that was not reached.
  Duration head{};
  Duration queue{};
  Duration connect{};
  Duration first_byte{};
  Duration total{};
  std::string_view method{};
  std::string_view host{};
  std::string_view path{};  // as received, with its query
  std::string_view route{};
  std::string_view pool{};
  std::string_view server{};
  std::string_view mirror{};    // the pool that got a copy; empty: none did
  std::string_view priority{};  // empty: the normal one
  std::string_view request_id{};
  std::string_view why{};          // empty when the request ended well
  std::string_view blocked_by{};   // the firewall rule, if one refused the request
  std::string_view blocked_at{};   // where it stands: "fairlead.yaml:7"
  std::string_view would_block{};  // the first one that is only observed
  std::string_view would_block_at{};
};

// A text longer than this is cut; a request line may have 8 KiB.
inline constexpr size_t kLongestLoggedText = 16 * 1024;

size_t packedSize(const AccessRecord& record);
// Writes exactly packedSize(record) bytes.
void pack(const AccessRecord& record, char* out);
// `packed` must come from `pack`, in this process. The views point into it.
AccessRecord unpack(std::span<const char> packed);

// Appends one JSON object and a newline.
void appendJsonLine(std::string& out, const AccessRecord& record);

}  // namespace fairlead
