// One small task for each name.
#include "discovery/name_watch.h"

#include <algorithm>

#include "discovery/answer.h"

namespace fairlead::discovery {
namespace {

constexpr double kRetryJitter = 0.2;  // both ways
constexpr double kTtlJitter = 0.05;   // later only

Duration scaled(Duration span, double by) {
  return Duration(static_cast<Duration::rep>(static_cast<double>(span.count()) * by));
}

// The family that was not answered keeps what was known of it.
void keepUnanswered(Names& found, const std::vector<IpAddress>& before) {
  const bool v4 = std::ranges::any_of(found.addresses, &IpAddress::isV4);
  const bool v6 = !std::ranges::all_of(found.addresses, &IpAddress::isV4);
  for (const IpAddress& address : before)
    if (!(address.isV4() ? v4 : v6)) found.addresses.push_back(address);
  normalise(found.addresses);
}

}  // namespace

NameWatch::NameWatch(io::Reactor& reactor, Resolver& resolver, Random& random, NameEvents events,
                     NameWatchSettings settings)
    : reactor_(reactor),
      resolver_(resolver),
      random_(random),
      events_(std::move(events)),
      settings_(settings),
      places_(reactor, settings.most_at_once) {}

void NameWatch::add(const std::string& host) {
  const auto [at, is_new] = names_.try_emplace(host);
  if (!is_new) return;
  at->second.host = host;
  ++undecided_;
  watches_.spawn(watch(at->second));
}

std::span<const IpAddress> NameWatch::addressesOf(std::string_view host) const {
  const auto at = names_.find(host);
  return at == names_.end() ? std::span<const IpAddress>{} : at->second.addresses;
}

std::string_view NameWatch::faultOf(std::string_view host) const {
  const auto at = names_.find(host);
  return at == names_.end() ? std::string_view{} : at->second.fault;
}

Task<void> NameWatch::watch(Watched& name) {
  for (bool first = true;; first = false) {
    std::expected<Names, std::string> found;
    {
      const Places::Place place = co_await places_.take();
      found = co_await resolver_.resolve(name.host);
    }
    const Duration ttl = found ? found->ttl : Duration{0};
    found ? onFound(name, std::move(*found)) : onFailure(name, std::move(found.error()));
    if (first) --undecided_;
    if (ttl == kForEver) co_return;
    co_await io::Sleep(reactor_, name.fault.empty() ? afterTtl(ttl) : beforeRetry());
  }
}

void NameWatch::onFound(Watched& name, Names found) {
  if (!name.fault.empty()) {
    name.fault.clear();
    if (events_.on_well) events_.on_well(name.host);
  }
  if (found.partial) keepUnanswered(found, name.addresses);
  if (found.addresses == name.addresses) return;
  name.addresses = std::move(found.addresses);
  if (events_.on_addresses) events_.on_addresses(name.host, name.addresses);
}

void NameWatch::onFailure(Watched& name, std::string words) {
  const bool begins = name.fault.empty();
  name.fault = std::move(words);
  if (begins && events_.on_failing) events_.on_failing(name.host, name.fault);
}

Duration NameWatch::afterTtl(Duration ttl) { return scaled(ttl, 1 + kTtlJitter * random_.unit()); }

Duration NameWatch::beforeRetry() {
  return scaled(settings_.retry, 1 - kRetryJitter + 2 * kRetryJitter * random_.unit());
}

}  // namespace fairlead::discovery
