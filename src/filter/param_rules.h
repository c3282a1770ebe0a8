// param_rules: how the parameters of the query are changed on the way to the server.
#pragma once

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "filter/substitution.h"
#include "filter/template.h"

namespace fairlead::filter {

extern const Section kParamRuleKeys;
extern const Section kParamReplaceKeys;

// Order: remove, rename, replace, add, append, set_if_missing; entries of one kind in the order of
// the file. Names compare decoded; parameters that no rule names keep their bytes and their order.
class ParamRules {
 public:
  // Reads over what is there: entries replace those of the same kind and name, `remove` adds up.
  void read(const Value& value, Diagnostics& out);

  bool empty() const;
  // An emptied query loses its `?`. False: the query has become longer than 32 KiB.
  bool onRequest(http::RequestHead& head, const Scene& scene) const;

  Needs needs() const;
  // Largest N of `{capture.N}` of the route's path_regex, or -1.
  int highestCapture() const;
  // A mapping that reads back to the same rules.
  Value show() const;

 private:
  enum class Mode : uint8_t { Set, Append, SetIfMissing };
  static constexpr size_t kModes = 3;
  struct Assign {
    std::string name;     // decoded
    std::string encoded;  // "name=", and the value if it is constant
    Template value;
    Mark mark;

    std::string_view text(const Scene& scene) const;
  };
  struct Remove {
    std::string name;  // decoded, or a glob
    Mark mark;
  };
  struct Rename {
    std::string from;  // both decoded
    std::string to;
    std::string encoded_to;
    Mark mark;
  };
  struct Replace {
    std::string name;  // decoded
    std::string source;
    Pattern pattern;
    Template with;
    Mark mark;
  };
  class Run;

  void readRemove(const Value& value, Diagnostics& out);
  void readRename(const Value& value, Diagnostics& out);
  void readReplace(const Value& value, Diagnostics& out);
  void readAssign(const Value* value, Mode mode, Diagnostics& out);
  const std::vector<Assign>& assigns(Mode mode) const {
    return assigns_[static_cast<size_t>(mode)];
  }
  template <typename Visit>
  void forEachTemplate(Visit visit) const;

  std::vector<Remove> remove_;
  std::vector<Rename> rename_;
  std::vector<Replace> replace_;
  std::array<std::vector<Assign>, kModes> assigns_;  // by mode
};

}  // namespace fairlead::filter
