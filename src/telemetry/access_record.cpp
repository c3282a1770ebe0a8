// A fixed part, then the texts one after the other: packing is a handful of copies.
#include "telemetry/access_record.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <type_traits>

#include "base/timestamp.h"
#include "telemetry/json_text.h"

namespace fairlead {
namespace {

constexpr std::array kTexts = {
    &AccessRecord::method,      &AccessRecord::host,           &AccessRecord::path,
    &AccessRecord::route,       &AccessRecord::pool,           &AccessRecord::server,
    &AccessRecord::mirror,      &AccessRecord::priority,       &AccessRecord::request_id,
    &AccessRecord::why,         &AccessRecord::blocked_by,     &AccessRecord::blocked_at,
    &AccessRecord::would_block, &AccessRecord::would_block_at,
};

// Everything but the texts, as it lies in the packed bytes.
struct Fixed {
  std::chrono::microseconds time;
  uint64_t bytes_in;
  uint64_t bytes_out;
  Duration head;
  Duration queue;
  Duration connect;
  Duration first_byte;
  Duration total;
  std::array<uint8_t, 16> client;
  uint16_t client_port;
  uint16_t status;
  uint16_t attempts;
  uint16_t reused_connection;
  std::array<uint16_t, kTexts.size()> lengths;
};
static_assert(std::is_trivially_copyable_v<Fixed>);
static_assert(kLongestLoggedText <= UINT16_MAX);

size_t cutLength(std::string_view text) { return std::min(text.size(), kLongestLoggedText); }

Fixed fixedPart(const AccessRecord& record) {
  Fixed fixed{.time = record.time,
              .bytes_in = record.bytes_in,
              .bytes_out = record.bytes_out,
              .head = record.head,
              .queue = record.queue,
              .connect = record.connect,
              .first_byte = record.first_byte,
              .total = record.total,
              .client = record.client.bytes(),
              .client_port = record.client_port,
              .status = record.status,
              .attempts = record.attempts,
              .reused_connection = record.reused_connection,
              .lengths = {}};
  for (size_t i = 0; i < kTexts.size(); ++i)
    fixed.lengths[i] = static_cast<uint16_t>(cutLength(record.*kTexts[i]));
  return fixed;
}

void appendText(std::string& out, std::string_view key, std::string_view value) {
  out += key;
  appendJsonString(out, value);
}

void appendNumber(std::string& out, std::string_view key, uint64_t value) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out += key;
  out.append(digits, end);
}

// Milliseconds with three decimals; a clock that went backwards counts as zero.
void appendMillis(std::string& out, std::string_view key, Duration span) {
  const auto micros = std::max<int64_t>((span.count() + 500) / 1000, 0);
  appendNumber(out, key, static_cast<uint64_t>(micros / 1000));
  const char decimals[] = {'.', static_cast<char>('0' + micros / 100 % 10),
                           static_cast<char>('0' + micros / 10 % 10),
                           static_cast<char>('0' + micros % 10)};
  out.append(decimals, sizeof decimals);
}

void appendClient(std::string& out, const AccessRecord& record) {
  char text[IpAddress::kMaxText];
  const size_t length = record.client.format(text);
  out += ",\"client\":\"";
  out.append(text, length);
  appendNumber(out, "\",\"client_port\":", record.client_port);
}

void appendTimings(std::string& out, const AccessRecord& record) {
  appendMillis(out, ",\"head_ms\":", record.head);
  appendMillis(out, ",\"queue_ms\":", record.queue);
  appendMillis(out, ",\"connect_ms\":", record.connect);
  appendMillis(out, ",\"first_byte_ms\":", record.first_byte);
  appendMillis(out, ",\"total_ms\":", record.total);
}

}  // namespace

size_t packedSize(const AccessRecord& record) {
  size_t size = sizeof(Fixed);
  for (const auto text : kTexts) size += cutLength(record.*text);
  return size;
}

void pack(const AccessRecord& record, char* out) {
  const Fixed fixed = fixedPart(record);
  std::memcpy(out, &fixed, sizeof fixed);
  out += sizeof fixed;
  for (size_t i = 0; i < kTexts.size(); ++i) {
    const std::string_view text = record.*kTexts[i];
    if (fixed.lengths[i] != 0) std::memcpy(out, text.data(), fixed.lengths[i]);
    out += fixed.lengths[i];
  }
}

AccessRecord unpack(std::span<const char> packed) {
  Fixed fixed;
  std::memcpy(&fixed, packed.data(), sizeof fixed);
  AccessRecord record{.time = fixed.time,
                      .client = IpAddress::v6(fixed.client),
                      .client_port = fixed.client_port,
                      .status = fixed.status,
                      .attempts = fixed.attempts,
                      .reused_connection = fixed.reused_connection != 0,
                      .bytes_in = fixed.bytes_in,
                      .bytes_out = fixed.bytes_out,
                      .head = fixed.head,
                      .queue = fixed.queue,
                      .connect = fixed.connect,
                      .first_byte = fixed.first_byte,
                      .total = fixed.total};
  const char* next = packed.data() + sizeof fixed;
  for (size_t i = 0; i < kTexts.size(); ++i) {
    record.*kTexts[i] = {next, fixed.lengths[i]};
    next += fixed.lengths[i];
  }
  return record;
}

void appendJsonLine(std::string& out, const AccessRecord& record) {
  char time[kTimestampText];
  formatTimestamp(record.time, time);
  out += "{\"time\":\"";
  out.append(time, sizeof time);
  out += '"';
  appendClient(out, record);
  appendText(out, ",\"method\":", record.method);
  appendText(out, ",\"host\":", record.host);
  appendText(out, ",\"path\":", record.path);
  appendNumber(out, ",\"status\":", record.status);
  appendNumber(out, ",\"bytes_in\":", record.bytes_in);
  appendNumber(out, ",\"bytes_out\":", record.bytes_out);
  appendText(out, ",\"route\":", record.route);
  appendText(out, ",\"pool\":", record.pool);
  appendText(out, ",\"server\":", record.server);
  appendNumber(out, ",\"attempts\":", record.attempts);
  if (record.reused_connection) out += ",\"reused_connection\":true";
  appendTimings(out, record);
  appendText(out, ",\"request_id\":", record.request_id);
  if (!record.mirror.empty()) appendText(out, ",\"mirror\":", record.mirror);
  if (!record.priority.empty()) appendText(out, ",\"priority\":", record.priority);
  if (!record.why.empty()) appendText(out, ",\"why\":", record.why);
  if (!record.blocked_by.empty()) appendText(out, ",\"blocked_by\":", record.blocked_by);
  if (!record.blocked_at.empty()) appendText(out, ",\"blocked_at\":", record.blocked_at);
  if (!record.would_block.empty()) appendText(out, ",\"would_block\":", record.would_block);
  if (!record.would_block_at.empty())
    appendText(out, ",\"would_block_at\":", record.would_block_at);
  out += "}\n";
}

}  // namespace fairlead
