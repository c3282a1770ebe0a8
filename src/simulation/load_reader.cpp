// Reading a load file: the same errors at their places as everywhere, and names of the pool's
// servers.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "config/yaml.h"
#include "simulation/load.h"
#include "simulation/load_values.h"

namespace fairlead::simulation {
namespace {

constexpr Key kLoad[] = {
    {"rate", "rate | [<rate_step>]", "1000/s", "requests a second; they come as Poisson's process"},
    {"duration", "duration", "5m", "of the load"},
    {"clients", "1..10000000", "500", "each has a key of its own for hashing and for `sticky`"},
    {"methods", "{number}", "{ GET: 95, POST: 5 }", "how often each method is used"},
    {"network", "duration", "0.2ms", "one way between fairlead and a server"},
    {"servers", "{<server_model>}", "", "by name or address; `default` is for all others"},
    {"events", "[<event>]", "", "what happens to servers"},
    {"seed", "number", "1", "of all chance; `--seed` wins"},
};
constexpr Key kRateStep[] = {
    {"at", "duration", "0s", "when it begins, after the beginning of the load"},
    {"rate", "rate", "", "from then on"},
};
constexpr Key kServerModel[] = {
    {"workers", "1..100000", "8", "requests that it works on at once; the others wait in order"},
    {"service", "duration | <service>", "{ lognormal: { mean: 20ms, p99: 120ms } }",
     "how long one takes"},
    {"speed", "decimal", "1", "0.5: everything takes twice as long"},
    {"errors", "percent", "0%", "share of its answers that are errors"},
    {"status", "500..599", "503", "of those"},
};
constexpr Key kEvent[] = {
    {"at", "duration", "", "after the beginning of the load"},
    {"for", "duration", "", "without it: to the end; a restart takes 1s"},
    {"server", "text...", "", "the name or address of one, or of several"},
    {"down", "boolean", "", "what it works on is lost, connections are refused"},
    {"hang", "boolean", "", "it accepts, and answers nothing before the end"},
    {"slow", "factor", "", "x10: what it begins takes ten times as long"},
    {"errors", "percent", "", "share of its answers that are errors"},
    {"restart", "boolean", "", "short for `down` for a second"},
};

constexpr Section kLoadKeys{"load", "the load", kLoad};
constexpr Section kRateStepKeys{"rate_step", "a step of the rate", kRateStep};
constexpr Section kServerModelKeys{"server_model", "a simulated server", kServerModel};
constexpr Section kEventKeys{"event", "an event", kEvent};
const Section* const kSections[] = {&kLoadKeys,    &kRateStepKeys,  &kServerModelKeys,
                                    &kServiceKeys, &kLognormalKeys, &kParetoKeys,
                                    &kEventKeys};

constexpr double kMostRequests = 1e8;
constexpr double kHighestRate = 1e6;
constexpr Duration kFarthest = 1s;
constexpr Bounds kSpeeds{0.001, 1000, "a number from 0.001 to 1000, such as 0.5"};

class LoadReader {
 public:
  LoadReader(std::span<const upstream::ServerSpec> servers, Diagnostics& out)
      : servers_(servers), out_(out) {
    load_.rates = {{.at = {}, .per_second = 1000}};
    load_.methods = {{http::Method::Get, 95}, {http::Method::Post, 5}};
    load_.origins.resize(servers.size());
  }

  Load read(const Value& value);

 private:
  void readRates(const Value* value);
  std::optional<double> readRateOf(const Value& value);
  void readStep(const Value& value);
  void readMethods(const Value* value);
  void readServers(const Value* value);
  void readModel(const Value& value, std::string_view name, OriginModel& model);
  void readEvent(const Value& value);
  bool readKind(Settings& event, Trouble& trouble);
  std::optional<size_t> serverAt(const Value& name);
  void readSpan(const Value* value, Duration longest, Duration& into);
  void readNetwork(const Value* value);
  void judgeSize(const Value& value);

  std::span<const upstream::ServerSpec> servers_;
  Diagnostics& out_;
  Load load_;
};

// --- clients

std::optional<double> LoadReader::readRateOf(const Value& value) {
  const auto rate = readRate(value, out_);
  if (!rate) return std::nullopt;
  if (rate->per_second <= kHighestRate) return rate->per_second;
  out_.error(value.mark, fmt::format("{} is too much", value.text)).expected = "at most 1000000/s";
  return std::nullopt;
}

void LoadReader::readStep(const Value& value) {
  Settings step(value, kRateStepKeys, out_);
  const Value* at = step.take("at");
  const Value* rate = step.take("rate");
  step.finish();
  if (!value.isMap()) return;
  if (!rate) {
    if (!value.findEntry("rate"))
      out_.error(value.mark, "a step of the rate says no `rate`").expected =
          "{ at: 1m, rate: 500/s }";
    return;
  }
  const auto begins = at ? readDuration(*at, out_) : Duration::zero();
  const auto per_second = readRateOf(*rate);
  if (!begins || !per_second) return;
  if (!load_.rates.empty() && *begins <= load_.rates.back().at)
    out_.error(at ? at->mark : value.mark, "a step that does not come after the one before")
        .expected = "steps in the order of time";
  load_.rates.push_back({.at = *begins, .per_second = *per_second});
}

void LoadReader::readRates(const Value* value) {
  if (!value) return;
  if (value->isScalar()) {
    if (const auto rate = readRateOf(*value)) load_.rates.front().per_second = *rate;
    return;
  }
  if (!value->isList() || value->items.empty()) {
    out_.error(value->mark, "this is no rate").expected =
        "a rate such as 1000/s, or a list of { at, rate }";
    return;
  }
  load_.rates.clear();
  for (const Value& item : value->items) readStep(item);
}

void LoadReader::readMethods(const Value* value) {
  if (!value) return;
  if (!value->isMap() || value->entries.empty()) {
    out_.error(value->mark, "this says nothing of methods").expected =
        "such as { GET: 95, POST: 5 }";
    return;
  }
  load_.methods.clear();
  for (const auto& [key, share] : value->entries) {
    const http::Method method = http::methodOf(key.text);
    if (method == http::Method::Other || method == http::Method::Connect)
      out_.error(key.mark, fmt::format("`{}` is no method that is simulated", key.text)).expected =
          "GET, HEAD, POST, PUT, DELETE, OPTIONS, TRACE or PATCH";
    if (const auto count = readCount(share, 0, 1'000'000, out_))
      load_.methods.push_back({method, static_cast<double>(*count)});
  }
  if (std::ranges::all_of(load_.methods, [](const MethodShare& each) { return each.share == 0; }))
    out_.error(value->mark, "no method has a share").expected = "such as { GET: 95, POST: 5 }";
}

// --- servers

void LoadReader::readModel(const Value& value, std::string_view name, OriginModel& model) {
  Settings settings(value, kServerModelKeys, out_, fmt::format("the server `{}`", name));
  Setting<uint32_t> workers{model.workers};
  settings.takeCount("workers", workers, 1, 100'000);
  model.workers = workers;
  if (const Value* service = settings.take("service"))
    if (const auto read = readService(*service, out_)) model.service = *read;
  if (const Value* speed = settings.take("speed"))
    if (const auto read = readDecimal(*speed, kSpeeds, out_)) model.speed = *read;
  if (const Value* errors = settings.take("errors"))
    if (const auto read = readPercent(*errors, out_)) model.errors = *read;
  Setting<uint32_t> status{model.status};
  settings.takeCount("status", status, 500, 599);
  model.status = static_cast<uint16_t>(status.value);
  settings.finish();
}

std::optional<size_t> LoadReader::serverAt(const Value& name) {
  std::vector<std::string_view> names;
  for (const upstream::ServerSpec& server : servers_) names.push_back(nameOf(server));
  for (const upstream::ServerSpec& server : servers_) names.push_back(server.address);
  const auto found = std::ranges::find(names, name.text);
  if (found != names.end()) return static_cast<size_t>(found - names.begin()) % servers_.size();
  Diagnostic& finding =
      out_.error(name.mark, fmt::format("the pool has no server `{}`", name.text));
  const std::string_view nearest = nearestWord(name.text, names);
  if (!nearest.empty())
    finding.suggestion = fmt::format("did you mean `{}`?", nearest);
  else
    finding.expected = fmt::format(
        "one of {}",
        fmt::join(names.begin(),
                  names.begin() + static_cast<ptrdiff_t>(std::min<size_t>(servers_.size(), 10)),
                  ", "));
  return std::nullopt;
}

void LoadReader::readServers(const Value* value) {
  if (!value) return;
  if (!value->isMap()) {
    out_.error(value->mark, "`servers` is a mapping of names to servers").expected =
        "such as { default: { workers: 8 } }";
    return;
  }
  OriginModel usual;
  if (const Value* given = value->find("default")) readModel(*given, "default", usual);
  std::ranges::fill(load_.origins, usual);
  for (const auto& [key, model] : value->entries)
    if (key.text != "default")
      if (const auto server = serverAt(key)) readModel(model, key.text, load_.origins[*server]);
}

// --- what happens to them

// Exactly one of the keys that say what.
bool LoadReader::readKind(Settings& event, Trouble& trouble) {
  size_t kinds = 0;
  for (const auto& [key, kind] : {std::pair{"down", Trouble::Kind::Down},
                                  {"hang", Trouble::Kind::Hang},
                                  {"restart", Trouble::Kind::Down}}) {
    const Value* value = event.take(key);
    if (!value || !readBool(*value, out_).value_or(true)) continue;
    ++kinds;
    trouble.kind = kind;
    if (std::string_view(key) == "restart" && trouble.length == Duration::max())
      trouble.length = 1s;
  }
  if (const Value* slow = event.take("slow")) {
    ++kinds;
    trouble.kind = Trouble::Kind::Slow;
    trouble.amount = readFactor(*slow, out_).value_or(1);
  }
  if (const Value* errors = event.take("errors")) {
    ++kinds;
    trouble.kind = Trouble::Kind::Errors;
    trouble.amount = readPercent(*errors, out_).value_or(0);
  }
  if (kinds != 1 && event.value().isMap())
    out_.error(event.mark(), kinds == 0 ? "this event says nothing of what happens"
                                        : "this event says more than one thing")
        .expected = "one of down, hang, slow, errors, restart";
  return kinds == 1;
}

void LoadReader::readEvent(const Value& value) {
  Settings event(value, kEventKeys, out_);
  const Value* at = event.take("at");
  const Value* length = event.take("for");
  const Value* names = event.take("server");
  Trouble trouble;
  readSpan(length, 24h, trouble.length);
  const bool has_kind = readKind(event, trouble);
  event.finish();
  if (!value.isMap()) return;
  if (!at || !names) {
    out_.error(value.mark, "this event does not say when, or to whom").expected =
        "`at` and `server`";
    return;
  }
  const auto begins = readDuration(*at, out_);
  if (!begins || !has_kind) return;
  trouble.at = *begins;
  if (*begins >= load_.duration) out_.warning(at->mark, "this comes after the end of the load");
  for (const Value* name : readScalars(*names, out_))
    if (const auto server = serverAt(*name)) {
      trouble.server = *server;
      load_.troubles.push_back(trouble);
    }
}

// --- all of it

void LoadReader::readSpan(const Value* value, Duration longest, Duration& into) {
  if (!value) return;
  if (const auto span = readPositive(*value, longest, out_)) into = *span;
}

// None at all is fine.
void LoadReader::readNetwork(const Value* value) {
  if (!value) return;
  const auto span = readDuration(*value, out_);
  if (span && *span > kFarthest)
    out_.error(value->mark, fmt::format("{} is too long", value->text)).expected = "at most 1s";
  else if (span)
    load_.network = *span;
}

void LoadReader::judgeSize(const Value& value) {
  if (load_.requests() <= kMostRequests) return;
  out_.error(value.mark, fmt::format("this makes {:.0f} requests", load_.requests())).expected =
      fmt::format("at most {:.0f}", kMostRequests);
}

Load LoadReader::read(const Value& value) {
  Settings settings(value, kLoadKeys, out_);
  readRates(settings.take("rate"));
  readSpan(settings.take("duration"), 24h, load_.duration);
  Setting<uint32_t> clients{load_.clients};
  settings.takeCount("clients", clients, 1, 10'000'000);
  load_.clients = clients;
  readMethods(settings.take("methods"));
  readNetwork(settings.take("network"));
  readServers(settings.take("servers"));
  if (const Value* events = settings.take("events")) {
    if (!events->isList())
      out_.error(events->mark, "`events` is a list").expected =
          "such as [{ at: 1m, for: 30s, server: 10.0.0.2:8080, down: true }]";
    for (const Value& event : events->items) readEvent(event);
  }
  if (const Value* seed = settings.take("seed"))
    if (const auto number = readCount(*seed, 0, UINT64_MAX, out_)) load_.seed = *number;
  settings.finish();
  judgeSize(value);
  return std::move(load_);
}

}  // namespace

double Load::requests() const {
  double sum = 0;
  for (size_t i = 0; i < rates.size(); ++i) {
    const Duration end = i + 1 < rates.size() ? std::min(rates[i + 1].at, duration) : duration;
    if (end > rates[i].at)
      sum += rates[i].per_second * std::chrono::duration<double>(end - rates[i].at).count();
  }
  return sum;
}

std::optional<Load> readLoad(std::string name, std::string text,
                             std::span<const upstream::ServerSpec> servers,
                             const config::Environment& environment, Diagnostics& out) {
  const auto file = static_cast<uint32_t>(out.files.size());
  out.files.push_back({std::move(name), std::move(text)});
  const auto root = config::readYaml(file, environment, out);
  std::optional<Load> load;
  if (root && root->kind == Value::Kind::Null)
    out.error({file, 0, 0, 1}, "the file is empty");
  else if (root)
    load = LoadReader(servers, out).read(*root);
  out.sort();
  if (out.hasErrors()) load.reset();
  return load;
}

std::span<const Section* const> loadSections() { return kSections; }

}  // namespace fairlead::simulation
