// All pools of a configuration: the named ones, and those that routes carry with them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "config/config.h"

namespace fairlead::config {

extern const Section kPoolKeys;
extern const Section kServerKeys;

class PoolTable {
 public:
  // The values that are read must outlive the table.
  explicit PoolTable(Diagnostics& out) : out_(out) {}

  // Reads the mapping of `pools`; may be called once a file.
  void readNamed(const Value& value, const PoolRules& defaults);
  // The pool of a route's `servers`. `name` gets a number when it is taken.
  std::optional<PoolIndex> addInline(std::string name, const Value& servers,
                                     const PoolRules& rules);
  // The pool that a route's `pool` names.
  std::optional<PoolIndex> find(const Value& name);
  // What a named pool says about timeouts and retries, read over what its route says.
  void readInnerRules(PoolIndex pool, upstream::TimeoutSettings& timeouts,
                      upstream::RetrySettings& retry) const;

  const std::string& nameOf(PoolIndex pool) const { return pools_[pool.value].name; }

  void warnOfUnused() const;
  std::vector<Pool> takePools() { return std::move(pools_); }

 private:
  struct Origin {
    const Value* value = nullptr;  // the mapping of a named pool
    bool is_used = false;
  };

  void readOne(const Value::Entry& entry, const PoolRules& defaults);
  std::vector<Server> readServers(const Value& value);
  std::optional<Server> readServer(const Value& value);
  void add(Pool pool, Origin origin);

  Diagnostics& out_;
  std::vector<Pool> pools_;
  std::vector<Origin> origins_;  // beside pools_
  std::unordered_map<std::string, size_t> by_name_;
};

}  // namespace fairlead::config
