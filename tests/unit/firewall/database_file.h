// Writes MaxMind databases (format 2.0, records of 24 bits), good ones and odd ones.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ip_address.h"

namespace fairlead::firewall {

// Values of the data section. Texts and maps are short: below 29 bytes or entries.
namespace mmdb {

inline std::string text(std::string_view value) {
  return static_cast<char>(2 << 5 | value.size()) + std::string(value);
}
inline std::string number(int type, uint64_t value, int bytes) {
  std::string out(1, static_cast<char>((type <= 7 ? type << 5 : 0) | bytes));
  if (type > 7) out += static_cast<char>(type - 7);
  for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(value >> (8 * i));
  return out;
}
inline std::string map(const std::vector<std::pair<std::string, std::string>>& entries) {
  std::string out(1, static_cast<char>(7 << 5 | entries.size()));
  for (const auto& [key, value] : entries) out += text(key) + value;
  return out;
}
// As the country of a database of countries.
inline std::string country(std::string_view code) {
  return map({{"country", map({{"iso_code", text(code)}})}});
}

}  // namespace mmdb

struct DatabaseFile {
  std::string type = "Test-Country";
  int ip_version = 6;
  uint64_t built = 1'793'491'200;  // 2026-11-01

  // Longer prefixes behind shorter ones.
  void add(std::string_view network, const std::string& value) {
    const Cidr cidr = *Cidr::parse(network);
    const bool is_v4 = cidr.network().isV4();
    size_t node = 0;
    const int first = ip_version == 4 ? 96 : 0;
    for (int bit = first; bit < cidr.bits(); ++bit) {
      // IPv4 stands at ::/96 in there.
      const bool side =
          !(is_v4 && bit < 96) && (cidr.network().bytes()[bit / 8] >> (7 - bit % 8) & 1) != 0;
      if (bit + 1 == cidr.bits()) {
        nodes_[node][side] = {Record::Data, data_.size()};
      } else {
        if (nodes_[node][side].kind != Record::Node) {
          const Record was = nodes_[node][side];
          nodes_[node][side] = {Record::Node, nodes_.size()};
          nodes_.push_back({was, was});
        }
        node = nodes_[node][side].at;
      }
    }
    data_ += value;
  }

  std::string bytes() const {
    std::string out;
    for (const auto& node : nodes_)
      for (const Record& record : node) {
        size_t value = nodes_.size();
        if (record.kind == Record::Node) value = record.at;
        if (record.kind == Record::Data) value += 16 + record.at;
        for (int shift = 16; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift);
      }
    return out + std::string(16, '\0') + data_ + "\xAB\xCD\xEFMaxMind.com" +
           mmdb::map({{"node_count", mmdb::number(6, nodes_.size(), 4)},
                      {"record_size", mmdb::number(5, 24, 2)},
                      {"ip_version", mmdb::number(5, static_cast<uint64_t>(ip_version), 2)},
                      {"database_type", mmdb::text(type)},
                      {"languages", std::string("\x00\x04", 2)},
                      {"binary_format_major_version", mmdb::number(5, 2, 2)},
                      {"binary_format_minor_version", mmdb::number(5, 0, 2)},
                      {"build_epoch", mmdb::number(9, built, 8)},
                      {"description", mmdb::map({})}});
  }

 private:
  struct Record {
    enum Kind : uint8_t { Empty, Node, Data };
    Kind kind = Empty;
    size_t at = 0;
  };
  std::vector<std::array<Record, 2>> nodes_{1};
  std::string data_;
};

// DE, CN and NO, as IPv4 and IPv6 networks.
inline std::string smallDatabase() {
  DatabaseFile file;
  file.add("198.51.100.0/24", mmdb::country("DE"));
  file.add("203.0.113.0/24", mmdb::country("CN"));
  file.add("192.0.2.0/25", mmdb::country("NO"));
  file.add("2001:db8::/32", mmdb::country("DE"));
  file.add("2001:db8:7::/48", mmdb::country("CN"));
  return file.bytes();
}

}  // namespace fairlead::firewall
