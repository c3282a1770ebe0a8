// param_rules: which parameters of the query are removed and set on the way to the server.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "filter/filter.h"

namespace fairlead::filter {

extern const Section kParamRuleKeys;

class ParamRules {
 public:
  // Reads over what is there: `add` entries replace those of the same name, `remove` adds up.
  void read(const Value& value, Diagnostics& out);

  bool empty() const { return add_.empty() && remove_.empty(); }
  // Parameters that no rule names keep their bytes and their order; names compare decoded; `add`
  // replaces in place or appends at the end; an emptied query loses its `?`.
  void onRequest(http::RequestHead& head, const Scene& scene) const;
  std::vector<std::pair<std::string, Mark>> describe() const;

 private:
  struct Add {
    std::string name;     // decoded
    std::string encoded;  // "name=value", as it is sent
    Mark mark;
  };
  struct Remove {
    std::string name;  // decoded
    Mark mark;
  };
  class Editor;

  void readAdd(const Value* value, Diagnostics& out);
  void readRemove(const Value* value, Diagnostics& out);
  const Remove* findRemove(std::string_view param) const;
  const Add* findAdd(std::string_view param) const;
  bool touches(std::string_view query) const;

  std::vector<Add> add_;
  std::vector<Remove> remove_;
};

}  // namespace fairlead::filter
