// Reading the command line.
#include "app/cli.h"

#include <malloc.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <exception>
#include <iostream>

#include "app/verbs.h"
#include "base/units.h"
#include "config/diagnostic.h"
#include "config/schema.h"
#include "config/show.h"
#include "control/server.h"
#include "control/signals.h"

namespace fairlead::app {
namespace {

constexpr const char* kAbout =
    "fairlead, an HTTP load balancer: routes by host and path, balances over healthy servers, "
    "rewrites, retries, and says why.\n\nExit codes: 0 well, 1 error in the configuration or an "
    "unknown name, 2 usage, 3 cannot start or not reachable.";

// What the options of all verbs are read into, and what the verb came to.
struct Options {
  std::string config_file = kDefaultConfig;
  CheckOptions check;
  ExplainRequest explain;
  WhyRequest why;
  AdminRequest ban_list;
  BanRequest ban;
  TopBlockedRequest top_blocked;
  SimulateRequest simulate;
  std::string listen = "127.0.0.1:8080";
  Exit exit = Exit::Ok;
};

void addConfigOption(CLI::App& verb, Options& options) {
  verb.add_option("-c,--config", options.config_file, "configuration file")->capture_default_str();
}

void addRun(CLI::App& app, Options& options) {
  CLI::App* verb = app.add_subcommand("run", "serve until SIGTERM or SIGINT");
  addConfigOption(*verb, options);
  verb->callback([&] { options.exit = run(options.config_file); });
}

void addCheck(CLI::App& app, Options& options) {
  CLI::App* verb = app.add_subcommand("check",
                                      "say whether a configuration is valid, what is wrong with "
                                      "it, and whether its tests pass");
  addConfigOption(*verb, options);
  verb->add_flag("--json", options.check.json, "findings as JSON, for editors");
  verb->add_flag("--coverage", options.check.coverage,
                 "list the routes that no test of the file reaches");
  verb->callback([&] { options.exit = check(options.config_file, options.check); });
}

void addExplain(CLI::App& app, Options& options) {
  ExplainRequest& request = options.explain;
  CLI::App* verb =
      app.add_subcommand("explain", "say what would become of a request, and why; sends nothing");
  addConfigOption(*verb, options);
  verb->add_option("METHOD", request.method, "GET, POST, ...")->required();
  verb->add_option("URL", request.url, "http://host/path?query, or a path")->required();
  verb->add_option("-H,--header", request.headers, "a header field, name:value")
      ->allow_extra_args(false);
  verb->add_option("--from", request.from, "address of the client")->capture_default_str();
  verb->callback([&] { options.exit = explain(options.config_file, options.explain); });
}

void addShow(CLI::App& app, Options& options) {
  CLI::App* verb = app.add_subcommand(
      "show", "print the effective configuration and where each value comes from");
  addConfigOption(*verb, options);
  verb->callback([&] { options.exit = show(options.config_file); });
}

// Of the verbs that ask a running fairlead.
void addAdminOptions(CLI::App& verb, AdminRequest& request) {
  verb.add_option("-c,--config", request.config_file,
                  "configuration file with the address of the admin API");
  verb.add_option("--admin", request.admin, "address of the admin API, as `admin` has it");
}
void addJsonFlag(CLI::App& verb, AdminRequest& request) {
  verb.add_flag("--json", request.json, "what the API answers, as JSON");
}

void addWhy(CLI::App& app, Options& options) {
  WhyRequest& request = options.why;
  CLI::App* verb =
      app.add_subcommand("why", "say how the pools and servers of a running fairlead are, and why");
  addAdminOptions(*verb, request);
  addJsonFlag(*verb, request);
  verb->add_option("POOL", request.target, "a pool, or POOL/SERVER; without it: all pools");
  verb->callback([&] { options.exit = why(options.why); });
}

void addBan(CLI::App& app, Options& options) {
  CLI::App* verb =
      app.add_subcommand("ban", "list, add or lift the bans of a running fairlead: list, add, del");
  verb->require_subcommand(1);
  CLI::App* list = verb->add_subcommand("list", "say who is banned, why, and how long still");
  addAdminOptions(*list, options.ban_list);
  addJsonFlag(*list, options.ban_list);
  list->callback([&] { options.exit = banList(options.ban_list); });
  BanRequest& request = options.ban;
  CLI::App* add = verb->add_subcommand("add", "ban an address or a network, at once");
  addAdminOptions(*add, request);
  add->add_option("ADDRESS", request.network, "203.0.113.9, 203.0.113.0/24, 2001:db8::/64")
      ->required();
  add->add_option("--for", request.span, "how long, such as 10m; without it: until it is lifted");
  add->add_option("--why", request.why, "words for those who wonder later");
  add->callback([&] { options.exit = banAdd(options.ban); });
  CLI::App* del = verb->add_subcommand("del", "lift a ban");
  addAdminOptions(*del, request);
  del->add_option("ADDRESS", request.network, "as `ban list` shows it")->required();
  del->callback([&] { options.exit = banDel(options.ban); });
}

void addTopBlocked(CLI::App& app, Options& options) {
  TopBlockedRequest& request = options.top_blocked;
  CLI::App* verb = app.add_subcommand(
      "top-blocked", "say what the firewall's rules blocked, or would have, and whom most");
  addAdminOptions(*verb, request);
  addJsonFlag(*verb, request);
  verb->add_option("-n", request.clients, "so many clients of each rule")
      ->check(CLI::Range(0, 100))
      ->capture_default_str();
  verb->callback([&] { options.exit = topBlocked(options.top_blocked); });
}

void addSimulate(CLI::App& app, Options& options) {
  SimulateRequest& request = options.simulate;
  CLI::App* verb = app.add_subcommand(
      "simulate", "try a pool with simulated servers and clients, in virtual time");
  verb->add_option("-c,--config", request.config_file, "configuration file")->capture_default_str();
  verb->add_option("--load", request.load_file, "file that says who asks and how the servers are");
  verb->add_option("--pool", request.pool, "without it: the pool with the most servers");
  verb->add_option("--balance", request.balances, "p2c,maglev,...: to be compared")->delimiter(',');
  verb->add_option("--seed", request.seed, "of all chance, instead of the load's");
  verb->add_flag("--servers", request.servers, "a line for each server too");
  verb->add_flag("--json", request.json, "the figures as JSON");
  verb->add_flag("--print-load", request.print_load, "print the load, and do nothing else");
  verb->callback([&] { options.exit = simulate(options.simulate); });
}

void addSchema(CLI::App& app, Options&) {
  app.add_subcommand("schema", "print the JSON Schema of the configuration, for editors")
      ->callback([] { std::cout << config::renderSchema(); });
}

void addDemo(CLI::App& app, Options& options) {
  CLI::App* verb =
      app.add_subcommand("demo", "four sample servers with fairlead in front, to try with curl");
  verb->add_option("--listen", options.listen, "where fairlead listens")->capture_default_str();
  verb->callback([&] { options.exit = demo(options.listen); });
}

// The steady way allocates nothing, so one arena serves all threads, and it may grow in large
// steps: an arena a thread would ask the kernel for every few pages.
void tuneAllocator() {
  ::mallopt(M_ARENA_MAX, 1);
  ::mallopt(M_TOP_PAD, 4 << 20);
  ::mallopt(M_TRIM_THRESHOLD, 64 << 20);
}

// The first word, when it is no option and no verb: CLI11 would only say that a verb is missing.
bool complainOfVerb(const CLI::App& app, int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-') return false;
  std::vector<std::string> names;
  for (const CLI::App* verb : app.get_subcommands(nullptr)) names.push_back(verb->get_name());
  if (std::find(names.begin(), names.end(), argv[1]) != names.end()) return false;
  const std::vector<std::string_view> known(names.begin(), names.end());
  const std::string_view nearest = nearestWord(argv[1], known);
  std::cerr << fmt::format("unknown verb `{}`; the verbs are {}\n", argv[1],
                           fmt::join(known, ", "));
  if (!nearest.empty()) std::cerr << fmt::format("did you mean `fairlead {}`?\n", nearest);
  return true;
}

}  // namespace

void complain(const Diagnostics& diagnostics) {
  const auto colour = ::isatty(STDERR_FILENO) ? config::Colour::On : config::Colour::Off;
  std::cerr << config::renderText(diagnostics, colour);
}

std::optional<config::Config> loadOrComplain(const std::string& file, Warnings warnings,
                                             Diagnostics& diagnostics) {
  config::Loaded loaded = config::loadFile(file, config::processEnvironment);
  diagnostics = std::move(loaded.diagnostics);
  if (!loaded.config || warnings == Warnings::Shown) complain(diagnostics);
  return std::move(loaded.config);
}

Exit run(const std::string& config_file) {
  Diagnostics diagnostics;
  const auto config = loadOrComplain(config_file, Warnings::Shown, diagnostics);
  if (!config) return Exit::BadConfig;
  return serve(*config);
}

Exit serve(const config::Config& config) {
  control::blockSignals();
  Log log(STDERR_FILENO);
  std::optional<control::Server> server;
  try {
    server.emplace(config, log);
  } catch (const std::bad_alloc&) {
    log.error("not enough memory: `client_table` alone asks for {}",
              units::formatSize(config.client_table));
    return Exit::CannotStart;
  }
  if (const auto started = server->start(); !started) {
    log.error("{}", started.error().sentence);
    return Exit::CannotStart;
  }
  server->runUntilSignal();
  return Exit::Ok;
}

Exit show(const std::string& config_file) {
  Diagnostics diagnostics;
  const auto config = loadOrComplain(config_file, Warnings::Silent, diagnostics);
  if (!config) return Exit::BadConfig;
  std::cout << config::renderShow(*config, diagnostics);
  return Exit::Ok;
}

int mainWith(int argc, char** argv, const char* version) {
  tuneAllocator();
  CLI::App app(kAbout, "fairlead");
  app.require_subcommand(1);
  app.set_help_all_flag("--help-all", "help for every verb");
  app.set_version_flag("--version", std::string("fairlead ") + version);
  Options options;
  for (const auto add : {addRun, addCheck, addExplain, addShow, addWhy, addBan, addTopBlocked,
                         addSimulate, addSchema, addDemo})
    add(app, options);
  app.add_subcommand("version", "print the version")->callback([version] {
    std::cout << "fairlead " << version << "\n";
  });

  if (complainOfVerb(app, argc, argv)) return static_cast<int>(Exit::Usage);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? static_cast<int>(Exit::Ok) : static_cast<int>(Exit::Usage);
  }
  return static_cast<int>(options.exit);
}

}  // namespace fairlead::app
