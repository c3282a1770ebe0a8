// header_rules: which fields of the request are removed and set on the way to the server.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "filter/filter.h"

namespace fairlead::filter {

extern const Section kHeaderRuleKeys;

class HeaderRules {
 public:
  // Reads over what is there: entries of `add`, `append` and `set_if_missing` replace those of the
  // same name, `remove` adds up. Framing and hop-by-hop fields are errors.
  void read(const Value& value, Diagnostics& out);

  bool empty() const { return add_.empty() && remove_.empty() && !removes_host_; }
  // Order: remove, then add (which sets, replacing what is there). False: too many fields. The
  // lines that are set belong to these rules, which must outlive the head.
  bool onRequest(http::RequestHead& head, const Scene& scene) const;
  // `remove: [Host]`: the chosen server's own address is sent as Host (the pipeline does that). An
  // `add` of Host wins over it.
  bool removesHost() const { return removes_host_; }
  std::vector<std::pair<std::string, Mark>> describe() const;

 private:
  enum class Mode : uint8_t { Set, Append, SetIfMissing };
  struct Add {
    Mode mode = Mode::Set;
    std::string name;
    std::string value;
    std::string line;  // as it is sent, so that the hot path formats nothing
    http::FieldId id = http::FieldId::Unknown;
    Mark mark;

    std::string text() const;
    http::Field field() const;
  };
  struct Remove {
    std::string name;
    Mark mark;
  };

  void readAdd(const Value* value, Mode mode, Diagnostics& out);
  void readOneAdd(const Value::Entry& entry, Mode mode, Diagnostics& out);
  void readRemove(const Value* value, Diagnostics& out);
  static bool apply(const Add& rule, http::Fields& fields);

  std::vector<Add> add_;
  std::vector<Remove> remove_;
  bool removes_host_ = false;
  Mark host_removed_at_;
};

}  // namespace fairlead::filter
