// The command line: verbs, their options, and what each exit code means.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace fairlead::app {

// What the process ends with.
enum class Exit : int {
  Ok = 0,
  BadConfig = 1,     // an error in the configuration
  Unknown = 1,       // what was asked for does not exist
  Usage = 2,         // the command line makes no sense
  CannotStart = 3,   // port taken, no permission, ...
  NotReachable = 3,  // no fairlead answers, or not to this user
};

inline constexpr const char* kDefaultConfig = "fairlead.yaml";

struct ExplainRequest {
  std::string method;
  std::string url;                   // absolute, or a path
  std::vector<std::string> headers;  // "name: value"
  std::string from = "127.0.0.1";
};

struct CheckOptions {
  bool json = false;      // findings as JSON, for editors
  bool coverage = false;  // also the routes that no test reaches
};

// Of the verbs that ask a running fairlead.
struct AdminRequest {
  std::optional<std::string> config_file = {};  // as given; nothing: `kDefaultConfig`, if it exists
  std::string admin = {};                       // the admin API's address; empty: the file's
  bool json = false;                            // what the API answers, as it is
};

struct WhyRequest : AdminRequest {
  std::string target = {};  // POOL or POOL/SERVER; empty: all pools
};

struct BanRequest : AdminRequest {
  std::string network = {};              // address or CIDR, as given
  std::optional<std::string> span = {};  // "10m"; nothing: until it is lifted
  std::string why = {};
};

struct TopBlockedRequest : AdminRequest {
  uint32_t clients = 10;  // of each rule
};

struct SimulateRequest {
  std::string config_file = kDefaultConfig;
  std::string load_file;              // empty: the built-in load
  std::string pool;                   // empty: the one with the most servers
  std::vector<std::string> balances;  // empty: the pool's own and the common ones
  std::optional<uint64_t> seed;       // instead of the load's
  bool json = false;
  bool servers = false;     // a line for each server too
  bool print_load = false;  // print the load and do nothing else
};

// The verbs. Each prints what it has to say and returns how it went.
Exit run(const std::string& config_file);
Exit check(const std::string& config_file, const CheckOptions& options);
Exit show(const std::string& config_file);
Exit explain(const std::string& config_file, const ExplainRequest& request);
Exit demo(const std::string& listen);
Exit why(const WhyRequest& request);
Exit banList(const AdminRequest& request);
Exit banAdd(const BanRequest& request);
Exit banDel(const BanRequest& request);
Exit topBlocked(const TopBlockedRequest& request);
Exit simulate(const SimulateRequest& request);

// Reads argv, calls the verb, and turns its result into the exit code.
int mainWith(int argc, char** argv, const char* version);

}  // namespace fairlead::app
