// The clock's hands: who hears of what, arrivals, and the sum of it all.
#include "simulation/run.h"

#include <algorithm>
#include <memory>

#include "simulation/virtual_checks.h"
#include "simulation/virtual_proxy.h"

namespace fairlead::simulation {
namespace {

// As fairlead itself, the load waits a second for the first checks.
constexpr Duration kHeadStart = 1s;
// What is still under way so long after the last arrival is cut off.
constexpr Duration kLastWait = 5min;
// Virtual time does not begin at zero, which stands for "never" here and there.
constexpr TimePoint kBegin{std::chrono::hours(1)};

// Any address does for a server whose name would have to be resolved.
std::vector<std::vector<SocketAddress>> addressesOf(const upstream::PoolSettings& settings) {
  constexpr uint32_t kBenchmarking = 0xc6120000;  // 198.18.0.0/15 (RFC 2544)
  std::vector<std::vector<SocketAddress>> all;
  for (const upstream::ServerSpec& spec : settings.servers) {
    all.push_back(upstream::knownAddresses(spec));
    if (all.back().empty())
      all.back().push_back(
          {IpAddress::v4(kBenchmarking + static_cast<uint32_t>(all.size())), spec.port});
  }
  return all;
}

// When requests come: Poisson's process, at the rate of each step.
class Arrivals {
 public:
  Arrivals(const Load& load, TimePoint begin, Random random)
      : load_(load), begin_(begin), random_(random) {
    for (const MethodShare& method : load.methods) shares_ += method.share;
  }

  // Nothing: the load is over.
  std::optional<TimePoint> after(TimePoint time) {
    double wait = drawExponential(random_);  // in mean pauses
    Duration at = time - begin_;
    for (size_t i = 0; i < load_.rates.size(); ++i) {
      const bool is_last = i + 1 == load_.rates.size();
      const Duration end =
          is_last ? load_.duration : std::min(load_.rates[i + 1].at, load_.duration);
      at = std::max(at, load_.rates[i].at);
      if (at >= end) continue;
      const double per_ns = load_.rates[i].per_second / 1e9;
      const double room = static_cast<double>((end - at).count()) * per_ns;
      if (wait < room) return begin_ + at + Duration(static_cast<Duration::rep>(wait / per_ns));
      wait -= room;
      at = end;
    }
    return std::nullopt;
  }

  Question question() {
    const auto client = static_cast<uint32_t>(random_.below(load_.clients));
    return {.method = method(), .client = client, .luck = random_.next()};
  }

 private:
  http::Method method() {
    double left = random_.unit() * shares_;
    for (const MethodShare& each : load_.methods)
      if ((left -= each.share) < 0) return each.method;
    return load_.methods.back().method;
  }

  const Load& load_;
  TimePoint begin_;
  Random random_;
  double shares_ = 0;
};

class Run {
 public:
  Run(const upstream::PoolSettings& settings, const Load& load)
      : load_(load),
        begin_(kBegin + kHeadStart),
        end_(begin_ + load.duration),
        timeline_(kBegin, delaysOf(settings, load)),
        pool_(settings),
        seeds_(load.seed),
        arrivals_(load, begin_, Random(seeds_.next())) {
    pool_.adopt(addressesOf(settings));
    origins_.reserve(load.origins.size());
    for (uint32_t i = 0; i < load.origins.size(); ++i)
      origins_.emplace_back(load.origins[i], i, timeline_, end_);
    const Scene scene{.load = load, .timeline = timeline_, .pool = pool_, .origins = origins_};
    checks_ = std::make_unique<VirtualChecks>(scene, Random(seeds_.next()));
    proxy_ = std::make_unique<VirtualProxy>(scene, Random(seeds_.next()));
  }

  Figures go() {
    planTroubles();
    planArrival(begin_);
    while (coming_ || proxy_->open() > 0) {
      const Event event = timeline_.next();
      if (timeline_.now() >= end_ + kLastWait) break;
      on(event);
    }
    proxy_->cutOff();
    return figures();
  }

 private:
  static Delays delaysOf(const upstream::PoolSettings& settings, const Load& load) {
    return {load.network, 2 * load.network, settings.timeouts.response.value,
            settings.retry.per_try.value, settings.queue.timeout.value};
  }

  void planArrival(TimePoint after) {
    const auto at = arrivals_.after(after);
    coming_ = at.has_value();
    if (at) timeline_.plan(*at, {.what = What::Arrival});
  }

  void planTroubles() {
    for (uint32_t i = 0; i < load_.troubles.size(); ++i) {
      const Trouble& trouble = load_.troubles[i];
      timeline_.plan(begin_ + trouble.at, {.what = What::TroubleBegins, .about = i});
      if (trouble.length < Duration::max())
        timeline_.plan(begin_ + trouble.at + trouble.length,
                       {.what = What::TroubleEnds, .about = i});
    }
  }

  void on(const Event& event);
  void onTrouble(const Trouble& trouble, bool begins);
  void onServed(const Event& event);
  void answer(const Job& job, const Origin& origin);
  Figures figures() const;
  void addShares(Figures& figures) const;

  const Load& load_;
  TimePoint begin_;
  TimePoint end_;  // of the load
  Timeline timeline_;
  upstream::Pool pool_;
  Random seeds_;
  Arrivals arrivals_;
  bool coming_ = true;
  std::vector<Origin> origins_;
  std::unique_ptr<VirtualChecks> checks_;
  std::unique_ptr<VirtualProxy> proxy_;
};

void Run::on(const Event& event) {
  switch (event.what) {
    case What::Arrival:
      planArrival(timeline_.now());
      return proxy_->begin(arrivals_.question());
    case What::TroubleBegins:
    case What::TroubleEnds:
      return onTrouble(load_.troubles[event.about], event.what == What::TroubleBegins);
    case What::Served:
      return onServed(event);
    case What::CheckDue:
    case What::CheckReached:
    case What::CheckAnswered:
    case What::CheckOverdue:
    case What::Pulse:
      return checks_->on(event);
    default:
      return proxy_->on(event);
  }
}

void Run::answer(const Job& job, const Origin& origin) {
  if (job.kind == Job::Kind::Check)
    checks_->onServed(job);
  else
    proxy_->onServed(job, origin);
}

void Run::onServed(const Event& event) {
  Origin& origin = origins_[event.about];
  if (const auto job = origin.onServed(event)) answer(*job, origin);
}

void Run::onTrouble(const Trouble& trouble, bool begins) {
  Origin& origin = origins_[trouble.server];
  if (!begins) {
    for (const Job& job : origin.end(trouble)) answer(job, origin);
    return;
  }
  const std::vector<Job> lost = origin.begin(trouble);
  if (!origin.accepts()) proxy_->onDown(trouble.server);
  for (const Job& job : lost) {
    if (job.kind == Job::Kind::Check)
      checks_->onLost(job);
    else
      proxy_->onLost(job);
  }
}

Figures Run::figures() const {
  Figures figures = proxy_->figures();
  figures.balance = pool_.settings.balance.text();
  checks_->addTo(figures);
  addShares(figures);
  return figures;
}

// Those of the first group serve while they can; the others stand in for them and have no share
// that would be fair.
void Run::addShares(Figures& figures) const {
  const auto roster = pool_.roster();
  const auto& first = roster->groups.front().endpoints;
  double weights = 0;
  for (const balance::Endpoint* endpoint : first) weights += endpoint->weight;
  for (size_t i = 0; i < figures.servers.size(); ++i) {
    ServerFigures& server = figures.servers[i];
    const upstream::Server* const of_roster = roster->servers[i].get();
    if (figures.attempts > 0)
      server.share = static_cast<double>(server.requests) / static_cast<double>(figures.attempts);
    if (weights > 0 && std::ranges::find(first, of_roster) != first.end())
      server.fair_share = of_roster->weight / weights;
    if (server.fair_share > 0)
      figures.skew = std::max(figures.skew, server.share / server.fair_share);
    const auto capacity = static_cast<double>(load_.duration.count()) * load_.origins[i].workers;
    server.utilisation = static_cast<double>(origins_[i].worked().count()) / capacity;
  }
}

}  // namespace

Figures simulate(const upstream::PoolSettings& settings, const Load& load) {
  return Run(settings, load).go();
}

}  // namespace fairlead::simulation
