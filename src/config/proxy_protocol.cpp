// Reading `proxy_protocol`.
#include "config/proxy_protocol.h"

#include "filter/entries.h"

namespace fairlead::config {
namespace {

constexpr Key kProxyProtocol[] = {
    {"from", "network...", "",
     "peers that begin with a header, all others may not; everybody who connects to a Unix socket"},
};

constexpr std::string_view kExample = "{ from: [10.0.0.0/8] }";

// The peers of a Unix socket have no address: whoever may open it is believed.
void readFrom(const Value* from, const Value& terms, Listen& listen, Diagnostics& out) {
  if (!listen.unix_path.empty()) {
    if (from == nullptr) return;
    out.error(from->mark, "peers of a Unix socket have no address").expected =
        "`proxy_protocol: {}`, which believes all of them";
    return;
  }
  if (from != nullptr) listen.proxy_protocol->from.read(*from, out);
  const bool is_missing = terms.entries.empty();
  const bool is_empty = from != nullptr && from->isList() && from->items.empty();
  if (!is_missing && !is_empty) return;
  out.error(is_empty ? from->mark : terms.mark, "no peer may send the header").expected =
      "`from` with the addresses and networks of the proxies, such as `from: [10.0.0.0/8]`";
}

}  // namespace

const Section kProxyProtocolKeys{"proxy_protocol", "proxy_protocol", kProxyProtocol};

void readProxyProtocol(const Value& value, Listen& listen, Diagnostics& out) {
  const bool is_false = value.isScalar() && !value.quoted && value.text == "false";
  if (value.isOff() || is_false) return;
  if (!filter::requireMap(value, kExample, out)) return;
  listen.proxy_protocol = {.from = {}, .mark = value.mark};
  Settings settings(value, kProxyProtocolKeys, out);
  readFrom(settings.take("from"), value, listen, out);
  settings.finish();
}

}  // namespace fairlead::config
