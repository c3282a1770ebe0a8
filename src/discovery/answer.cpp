// Reading answers and judging them.
#include "discovery/answer.h"

#include <ares.h>
#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "base/units.h"

namespace fairlead::discovery {
namespace {

// Of one answer; what is beyond is not used.
constexpr size_t kMostAddresses = 1024;

IpAddress addressOf(const ares_addrttl& record) {
  return IpAddress::v4(ntohl(record.ipaddr.s_addr));
}
IpAddress addressOf(const ares_addr6ttl& record) {
  std::array<uint8_t, 16> bytes;
  std::memcpy(bytes.data(), &record.ip6addr, bytes.size());
  return IpAddress::v6(bytes);
}

Finding findingOf(int status) {
  switch (status) {
    case ARES_SUCCESS:
      return Finding::Addresses;
    case ARES_ENODATA:
      return Finding::NoAddress;
    case ARES_ENOTFOUND:
      return Finding::NoName;
    case ARES_ETIMEOUT:
      return Finding::Silence;
    case ARES_EBADRESP:
    case ARES_EFORMERR:
      return Finding::Malformed;
    case ARES_EBADNAME:
    case ARES_EBADQUERY:
    case ARES_EBADSTR:
      return Finding::BadName;
    case ARES_ECONNREFUSED:  // which c-ares 1.18 also says when all servers answered SERVFAIL
    case ARES_ESERVFAIL:
    case ARES_ENOTIMP:
    case ARES_EREFUSED:
    case ARES_EOF:
      return Finding::NoHelp;
    default:
      return Finding::NoResolver;
  }
}

// `Parse` is one of ares_parse_a_reply and ares_parse_aaaa_reply.
template <typename Record, auto Parse>
Answer read(std::span<const unsigned char> message) {
  std::array<Record, kMostAddresses> records;
  int count = kMostAddresses;
  const int status =
      Parse(message.data(), static_cast<int>(message.size()), nullptr, records.data(), &count);
  Answer answer{.finding = findingOf(status)};
  if (status != ARES_SUCCESS) return answer;
  int shortest = INT32_MAX;
  for (const Record& record : std::span(records).first(static_cast<size_t>(std::max(count, 0)))) {
    answer.addresses.push_back(addressOf(record));
    // A time beyond 31 bits counts as zero (RFC 2181 section 8).
    shortest = std::min(shortest, std::max(record.ttl, 0));
  }
  if (answer.addresses.empty()) return {.finding = Finding::NoAddress};
  answer.ttl = std::chrono::seconds(shortest);
  return answer;
}

}  // namespace

Answer readAnswer(Family family, int status, std::span<const unsigned char> message) {
  if (status != ARES_SUCCESS) return {.finding = findingOf(status)};
  return family == Family::V4 ? read<ares_addrttl, ares_parse_a_reply>(message)
                              : read<ares_addr6ttl, ares_parse_aaaa_reply>(message);
}

void normalise(std::vector<IpAddress>& addresses) {
  std::ranges::sort(addresses, {},
                    [](const IpAddress& address) { return std::pair(!address.isV4(), address); });
  addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
}

Verdict judge(const Answer& v4, const Answer& v6) {
  Verdict verdict;
  Names& names = verdict.names;
  names.ttl = kForEver;
  for (const Answer* answer : {&v4, &v6}) {
    if (answer->finding != Finding::Addresses) {
      if (!isCertain(answer->finding)) names.partial = true;
      continue;
    }
    names.addresses.insert(names.addresses.end(), answer->addresses.begin(),
                           answer->addresses.end());
    names.ttl = std::min(names.ttl, answer->ttl);
  }
  if (!names.addresses.empty()) {
    normalise(names.addresses);
    verdict.finding = Finding::Addresses;
  } else if (v4.finding == Finding::NoName || v6.finding == Finding::NoName) {
    // NXDOMAIN is about the name and not about a type (RFC 8020); there are servers that say it of
    // a type that they do not know.
    const bool exists = v4.finding == Finding::NoAddress || v6.finding == Finding::NoAddress;
    verdict.finding = exists ? Finding::NoAddress : Finding::NoName;
  } else {
    // Of two failures the one that says more.
    const bool second =
        isCertain(v4.finding) || (v4.finding == Finding::Silence && !isCertain(v6.finding));
    verdict.finding = second ? v6.finding : v4.finding;
  }
  return verdict;
}

std::string wordsFor(Finding finding, Duration timeout) {
  switch (finding) {
    case Finding::Addresses:
      return "the name has addresses";
    case Finding::NoAddress:
      return "the name has no address";
    case Finding::NoName:
      return "the name does not exist";
    case Finding::NoHelp:
      return "the DNS servers cannot be reached, or they failed or refused to answer";
    case Finding::Malformed:
      return "the answer of the DNS server is malformed";
    case Finding::BadName:
      return "this is not a name that DNS can hold";
    case Finding::NoResolver:
      return "the resolver does not work (is resolv.conf readable, are there file descriptors?)";
    case Finding::Silence:
      break;
  }
  return fmt::format("no answer from the DNS servers within {}", units::formatDuration(timeout));
}

}  // namespace fairlead::discovery
