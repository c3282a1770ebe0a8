// What DNS servers say to one question, and what the two answers about a name mean together; pure.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "base/ip_address.h"
#include "base/time.h"
#include "discovery/names.h"

namespace fairlead::discovery {

enum class Family : uint8_t { V4, V6 };

enum class Finding : uint8_t {
  Silence,     // nobody answered (yet)
  Addresses,   // at least one
  NoAddress,   // the name exists, without an address of this family
  NoName,      // NXDOMAIN
  NoHelp,      // every server was unreachable, failed (SERVFAIL) or refused
  Malformed,   // an answer that is none
  BadName,     // no such name can exist: a label too long, an empty one
  NoResolver,  // fairlead's own: no memory, no descriptor, an unreadable resolv.conf
};

// Addresses and their shortest time to live, that of aliases (CNAME) on the way included.
struct Answer {
  Finding finding = Finding::Silence;
  std::vector<IpAddress> addresses{};
  Duration ttl{};
};

// From a status of c-ares and, when it is a success, the message.
Answer readAnswer(Family family, int status, std::span<const unsigned char> message);

// What both families together say of a name. With Finding::Addresses, `names` is filled in.
struct Verdict {
  Finding finding = Finding::Silence;
  Names names{};
};
Verdict judge(const Answer& v4, const Answer& v6);

// The name does not lead to addresses, and that is certain: another name of the search list may be
// tried. After any other failure it may not: it could be another machine's.
inline bool isCertain(Finding finding) {
  return finding == Finding::NoAddress || finding == Finding::NoName;
}

// Why there are no addresses, for people.
std::string wordsFor(Finding finding, Duration timeout);

// Sorts, IPv4 first, and leaves each address once.
void normalise(std::vector<IpAddress>& addresses);

}  // namespace fairlead::discovery
