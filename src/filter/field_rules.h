// Operations on the fields of a head, read from the keys that header_rules has for requests and for
// responses alike.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "filter/substitution.h"
#include "filter/template.h"

namespace fairlead::filter {

extern const Section kHeaderReplaceKeys;

// Whose fields: only a request has a Host that means something.
enum class HeadKind : uint8_t { Request, Response };

// Applied in the order of Kind; those of one kind in the order of the file, outer levels first.
// Framing and hop-by-hop fields are never touched: their names are errors, and globs pass them by.
class FieldRules {
 public:
  explicit FieldRules(HeadKind head) : head_(head) {}

  // Reads the keys remove, rename, replace, add, append and set_if_missing over what is there:
  // entries replace those of the same kind and name, `remove` adds up.
  void read(Settings& settings);

  bool empty() const { return rules_.empty(); }
  // `remove: [Host]` of requests, unless a Host is set as well. The field itself stays, for the
  // pipeline to replace.
  bool removesHost() const { return host_is_removed_ && !host_is_set_; }
  // False: too many fields, one longer than 64 KiB, or a Host that is none. Lines that are set
  // belong to these rules, which must outlive the head, or to the arena. Values are those of
  // scene.request, never of the fields under change. `prefix` begins the lines of the trace.
  bool apply(http::Fields& fields, const Scene& scene, std::string_view prefix) const;

  Needs needs() const;
  // Largest N of `{capture.N}` of the route's path_regex, or -1.
  int highestCapture() const;
  // Puts the keys into a mapping that reads back to the same rules.
  void showInto(Value& mapping) const;

 private:
  enum class Kind : uint8_t { Remove, Rename, Replace, Add, Append, SetIfMissing };
  struct Rule {
    // What each head needs of it, together in memory.
    Kind kind = Kind::Add;
    http::FieldId id = http::FieldId::Unknown;
    bool is_host = false;  // of a request
    bool is_glob = false;
    bool is_constant = true;  // `value` is
    http::NameSet names;      // its name; of a glob all names
    http::Field field;        // what is set, in `lines_`; without its value if that is not constant
    std::string name;

    Template value;     // what is set; the new name; what a match becomes
    std::string regex;  // Replace: as written
    Pattern pattern;
    Mark mark;

    bool setsField() const { return kind >= Kind::Add; }
  };
  // A head under change, and the names that may be in it.
  struct Head;

  void readRemove(const Value& value, Diagnostics& out);
  void readRename(const Value& value, Diagnostics& out);
  void readReplace(const Value& value, Diagnostics& out);
  void readValues(const Value& value, Kind kind, Diagnostics& out);
  std::optional<Rule> begin(Kind kind, const Value& name, Diagnostics& out) const;
  void put(Rule rule);
  void noteHost();
  static std::string knownLine(const Rule& rule);
  void makeLines();

  bool applyOne(const Rule& rule, Head& head, const Scene& scene) const;
  void remove(const Rule& rule, http::Fields& fields) const;
  static bool rename(const Rule& rule, Head& head, Arena& arena);
  bool replace(const Rule& rule, http::Fields& fields, const Scene& scene) const;
  bool set(const Rule& rule, Head& head, const Scene& scene) const;
  static bool place(const http::Field& field, const Rule& rule, Head& head);
  static std::optional<http::Field> rendered(const Rule& rule, const Scene& scene);
  static std::string sentence(const Rule& rule, const http::Fields& fields);

  HeadKind head_;
  std::vector<Rule> rules_;  // by kind
  // The lines of all Rule::field, one behind the other, so that several are sent as one run. Shared
  // by copies.
  std::shared_ptr<const std::string> lines_;
  bool host_is_removed_ = false;
  bool host_is_set_ = false;
};

}  // namespace fairlead::filter
