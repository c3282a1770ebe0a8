// How a pool's timeouts are read from their mapping.
#include "upstream/settings.h"

namespace fairlead::upstream {
namespace {

constexpr Key kTimeouts[] = {
    {"head", "duration | 'off'", "10s", "the whole head of a request; in `defaults` only"},
    {"body", "duration | 'off'", "30s", "silence within a body, on either side"},
    {"min_rate", "byte_rate | 'off'", "500/s", "bytes a second on average, judged after `body`"},
    {"idle", "duration | 'off'", "75s", "a client's connection between requests"},
    {"connect", "duration | 'off'", "2s", "one attempt to connect to a server"},
    {"response", "duration | 'off'", "60s", "from the request sent to the head of the response"},
    {"total", "duration | 'off'", "off", "the whole exchange; then 504"},
    {"tunnel", "duration | 'off'", "1h", "silence within a tunnel (WebSocket)"},
    {"upstream_idle", "duration | 'off'", "4s",
     "an unused connection to a server; `off` keeps none"},
};

// A rate as everywhere, `500/s`, here of bytes; `500B/s` and `1KiB` say the same with a unit.
void readMinRate(const Value* value, Setting<uint64_t>& into, Diagnostics& out) {
  if (value == nullptr) return;
  if (value->isOff()) {
    into = {uint64_t{0}, value->mark};
    return;
  }
  Value size = *value;
  if (size.text.ends_with("/s")) {
    size.text.resize(size.text.size() - 2);
    if (size.text.find_first_not_of("0123456789") == std::string::npos) size.text += "B";
  }
  if (const auto bytes = readSize(size, out)) into = {*bytes, value->mark};
}

}  // namespace

const Section kTimeoutKeys{"timeouts", "timeouts", kTimeouts};

void TimeoutSettings::read(const Value& value, Diagnostics& out) {
  Settings settings(value, kTimeoutKeys, out);
  settings.take("head", head);
  settings.take("body", body);
  readMinRate(settings.take("min_rate"), min_rate, out);
  settings.take("idle", idle);
  settings.take("connect", connect);
  settings.take("response", response);
  settings.take("total", total);
  settings.take("tunnel", tunnel);
  settings.take("upstream_idle", upstream_idle);
  settings.finish();
}

}  // namespace fairlead::upstream
