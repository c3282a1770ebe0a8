// fairlead demo: sample servers in this process, and fairlead in front of them.
#include <fmt/format.h>
#include <unistd.h>

#include <iostream>
#include <thread>

#include "app/sample_server.h"
#include "app/verbs.h"
#include "config/diagnostic.h"
#include "control/signals.h"

namespace fairlead::app {
namespace {

std::string demoConfig(const std::string& listen, const SampleServers& servers) {
  return fmt::format(R"(listen: {{ http: "{}" }}

pools:
  mango:
    servers: [{{ url: "127.0.0.1:{}", name: mango-1 }}, {{ url: "127.0.0.1:{}", name: mango-2 }}]
    health: /healthcheck
  apple:
    servers: [{{ url: "127.0.0.1:{}", name: apple-1 }}, {{ url: "127.0.0.1:{}", name: apple-2 }}]
    health: /healthcheck

hosts:
  - host: www.mango.com
    header_rules: {{ add: {{ MyCustomHeader: Test }} }}
    param_rules: {{ add: {{ MyCustomParam: Test }}, remove: [RemoveMe] }}
    rewrite_rules: {{ replace: {{ /v1/: /v2/ }} }}
    pool: mango
  - host: www.apple.com
    firewall_rules: {{ path_reject: [/messages, /apps] }}
    pool: apple

paths:
  - {{ path: /mango, pool: mango }}
  - {{ path: /apple, pool: apple }}
)",
                     listen, servers.port(0), servers.port(1), servers.port(2), servers.port(3));
}

void printGuide(const std::string& listen, const std::string& config) {
  std::cout
      << "fairlead demo: four sample servers, and fairlead in front of them with this "
         "configuration:\n\n"
      << config << "\nTry, from another terminal:\n\n"
      << fmt::format(
             "  curl -H 'Host: www.mango.com' http://{0}/          # mango-1 or mango-2\n"
             "  curl -H 'Host: www.apple.com' http://{0}/          # apple-1 or apple-2\n"
             "  curl http://{0}/mango                              # by path, without a host\n"
             "  curl -H 'Host: www.mango.com' 'http://{0}/v1/juice?RemoveMe=1&keep=2'\n"
             "                                                     # rewritten: /v2/juice, params, "
             "header\n"
             "  curl -i -H 'Host: www.apple.com' http://{0}/messages   # 403, blocked by path\n"
             "  curl -i http://{0}/nowhere                         # 404, no route\n"
             "  build/release/fairlead why                            # how the servers are, and "
             "why\n\n",
             listen)
      << "Each request is one line of the access log below. Ctrl-C stops everything.\n\n"
      << std::flush;
}

}  // namespace

Exit demo(const std::string& listen) {
  control::blockSignals();
  auto servers =
      SampleServers::start({"mango-1", "mango-2", "apple-1", "apple-2"}, {8081, 8082, 9081, 9082});
  if (!servers) {
    std::cerr << "cannot start the sample servers: " << servers.error() << "\n";
    return Exit::CannotStart;
  }
  const std::string text = demoConfig(listen, **servers);
  const config::Loaded loaded = config::loadText("demo", text, config::processEnvironment);
  if (!loaded.config) {
    std::cerr << config::renderText(loaded.diagnostics);
    return Exit::Usage;
  }
  printGuide(listen, text);
  return serve(*loaded.config);
}

}  // namespace fairlead::app
