// Rules over method, header fields and Host of a request.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "firewall/judgement.h"
#include "route/host_table.h"
#include "route/regex_set.h"

namespace fairlead::firewall {

// How the name of a host is read: canonical, or nothing when a fault was reported.
using HostReader = std::optional<std::string> (*)(const Value&, Diagnostics&);

// `method_reject`.
class MethodRules {
 public:
  void read(const Value& list, Diagnostics& out);
  bool empty() const { return rules_.empty(); }
  // Judges the method of the request, and those that it names for servers that let a field override
  // it (X-HTTP-Method-Override and its like).
  std::optional<Hit> judge(const http::RequestHead& head) const;
  Value show() const;

 private:
  struct Rule {
    std::string method;
    Mark mark;
    std::string name;
  };
  const Rule* find(std::string_view method, bool ignore_case) const;

  std::vector<Rule> rules_;
};

// `header_reject`: names of fields, each with one pattern or several.
class HeaderRules {
 public:
  void read(const Value& map, Diagnostics& out);
  bool empty() const { return rules_.empty(); }
  // A rule hits when any of the field's values has a match.
  std::optional<Hit> judge(const http::RequestHead& head) const;
  Value show() const;

 private:
  struct Rule {
    std::string field;
    std::string pattern;
    route::Regex regex;
    Mark mark;
    std::string name;
  };
  void readPattern(const Value& name, const Value& pattern, Diagnostics& out);

  std::vector<Rule> rules_;
};

// `host_reject`: exact names and `*.` wildcards.
class HostRules {
 public:
  void read(const Value& list, HostReader readHost, Diagnostics& out);
  bool empty() const { return rules_.empty(); }
  std::optional<Hit> judge(const http::RequestHead& head) const;
  Value show() const;

 private:
  struct Rule {
    std::string host;
    Mark mark;
    std::string name;
  };
  std::vector<Rule> rules_;
  std::shared_ptr<const route::HostTable> table_;
};

}  // namespace fairlead::firewall
