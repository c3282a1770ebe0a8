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
#include "config/diagnostic.h"
#include "config/schema.h"
#include "config/show.h"
#include "control/server.h"
#include "control/signals.h"

namespace fairlead::app {
namespace {

constexpr const char* kAbout =
    "fairlead, an HTTP load balancer: routes by host and path, balances over healthy servers, "
    "rewrites, "
    "retries, and says why.\n\nExit codes: 0 well, 1 error in the configuration, 2 usage, 3 cannot "
    "start.";

void addConfigOption(CLI::App& verb, std::string& file) {
  verb.add_option("-c,--config", file, "configuration file")->capture_default_str();
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
  control::Server server(config, log);
  if (const auto started = server.start(); !started) {
    log.error("{}", started.error().sentence);
    return Exit::CannotStart;
  }
  server.runUntilSignal();
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
  // The steady way allocates nothing, so one arena serves all threads, and it may grow in large
  // steps: an arena a thread would ask the kernel for every few pages.
  ::mallopt(M_ARENA_MAX, 1);
  ::mallopt(M_TOP_PAD, 4 << 20);
  ::mallopt(M_TRIM_THRESHOLD, 64 << 20);
  CLI::App app(kAbout, "fairlead");
  app.require_subcommand(1);
  app.set_help_all_flag("--help-all", "help for every verb");
  app.set_version_flag("--version", std::string("fairlead ") + version);
  std::string config_file = kDefaultConfig;
  Exit exit = Exit::Ok;

  CLI::App* verb = app.add_subcommand("run", "serve until SIGTERM or SIGINT");
  addConfigOption(*verb, config_file);
  verb->callback([&] { exit = run(config_file); });

  bool json = false;
  verb = app.add_subcommand("check",
                            "say whether a configuration is valid, what is wrong with it, and "
                            "whether its tests pass");
  addConfigOption(*verb, config_file);
  verb->add_flag("--json", json, "findings as JSON, for editors");
  bool coverage = false;
  verb->add_flag("--coverage", coverage, "list the routes that no test of the file reaches");
  verb->callback([&] { exit = check(config_file, {.json = json, .coverage = coverage}); });

  ExplainRequest request;
  verb =
      app.add_subcommand("explain", "say what would become of a request, and why; sends nothing");
  addConfigOption(*verb, config_file);
  verb->add_option("METHOD", request.method, "GET, POST, ...")->required();
  verb->add_option("URL", request.url, "http://host/path?query, or a path")->required();
  verb->add_option("-H,--header", request.headers, "a header field, name:value")
      ->allow_extra_args(false);
  verb->add_option("--from", request.from, "address of the client")->capture_default_str();
  verb->callback([&] { exit = explain(config_file, request); });

  verb = app.add_subcommand("show",
                            "print the effective configuration and where each value comes from");
  addConfigOption(*verb, config_file);
  verb->callback([&] { exit = show(config_file); });

  verb = app.add_subcommand("schema", "print the JSON Schema of the configuration, for editors");
  verb->callback([] { std::cout << config::renderSchema(); });

  std::string listen = "127.0.0.1:8080";
  verb = app.add_subcommand("demo", "four sample servers with fairlead in front, to try with curl");
  verb->add_option("--listen", listen, "where fairlead listens")->capture_default_str();
  verb->callback([&] { exit = demo(listen); });

  verb = app.add_subcommand("version", "print the version");
  verb->callback([&] { std::cout << "fairlead " << version << "\n"; });

  if (complainOfVerb(app, argc, argv)) return static_cast<int>(Exit::Usage);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? static_cast<int>(Exit::Ok) : static_cast<int>(Exit::Usage);
  }
  return static_cast<int>(exit);
}

}  // namespace fairlead::app
