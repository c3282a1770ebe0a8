// Addresses as text and back, for rows of tests.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/ip_address.h"

namespace fairlead::discovery::test {

inline std::vector<IpAddress> addressesOf(std::initializer_list<const char*> texts) {
  std::vector<IpAddress> addresses;
  for (const char* text : texts) addresses.push_back(*IpAddress::parse(text));
  return addresses;
}

// In their order, with a space between.
inline std::string textOf(std::span<const IpAddress> addresses) {
  std::string text;
  for (const IpAddress& address : addresses) {
    if (!text.empty()) text += ' ';
    text += address.text();
  }
  return text;
}

}  // namespace fairlead::discovery::test
