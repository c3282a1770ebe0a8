// A typed view of configuration values that knows where each stood; no room that reads its settings
// through it knows YAML, and what nobody read is an error.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/time.h"
#include "base/vocabulary.h"

namespace fairlead {

// A place in a configuration file. Line and column count from 1; line 0 is "built-in".
struct Mark {
  uint32_t file = 0;  // index into Diagnostics::files
  uint32_t line = 0;
  uint32_t column = 0;
  uint32_t length = 1;  // columns under the caret

  bool isBuiltIn() const { return line == 0; }
  friend bool operator==(const Mark&, const Mark&) = default;
};

// One finding about the configuration, ready to be rendered with its line and a caret.
struct Diagnostic {
  enum class Severity : uint8_t { Error, Warning, Note };
  Severity severity = Severity::Error;
  Mark mark;
  std::string message;       // "unknown key `pats`"
  std::string expected;      // "a duration with a unit, such as 250ms or 2s"; may be empty
  std::string suggestion;    // "did you mean `paths`?"; may be empty
  std::optional<Mark> also;  // a second place, for example the first of two duplicates
  std::string also_message;  // "first declared here"
};

// Collects every finding, so that all of them can be shown at once.
class Diagnostics {
 public:
  struct File {
    std::string name;  // as the user would type it
    std::string text;
  };

  // Returns the finding, for adding `expected`, `suggestion` or `also`. Valid until the next call.
  Diagnostic& error(Mark mark, std::string message);
  Diagnostic& warning(Mark mark, std::string message);
  Diagnostic& note(Mark mark, std::string message);

  // A value was refused there: what else is found at the same place would only repeat it.
  void mute(Mark place) { muted_.push_back(place); }

  bool hasErrors() const;
  // In the order of the files, each finding once (an alias or a merge may have found it twice).
  void sort();
  const std::vector<Diagnostic>& all() const { return all_; }

  std::vector<File> files;

 private:
  Diagnostic& add(Diagnostic::Severity severity, Mark mark, std::string message);

  std::vector<Diagnostic> all_;
  std::vector<Mark> muted_;
  Diagnostic ignored_;
};

// A configuration value with its place. Scalars keep their text; what they mean is the reader's
// choice.
struct Value {
  enum class Kind : uint8_t { Null, Scalar, List, Map };
  struct Entry;

  Kind kind = Kind::Null;
  Mark mark;
  std::string text;     // Scalar: as written, unquoted, ${NAME} replaced
  bool quoted = false;  // a quoted scalar is a string, whatever it looks like
  std::vector<Value> items;
  std::vector<Entry> entries;

  bool isScalar() const { return kind == Kind::Scalar; }
  bool isList() const { return kind == Kind::List; }
  bool isMap() const { return kind == Kind::Map; }
  // A plain (unquoted) `off`: switches off what stands here.
  bool isOff() const { return isScalar() && !quoted && text == "off"; }
  const Value* find(std::string_view key) const;
  const Entry* findEntry(std::string_view key) const;

  // For values that are put together to be shown.
  static Value scalar(std::string text, Mark mark);
  static Value list(Mark mark = {});
  static Value map(Mark mark = {});
  // Appends an entry to a mapping and returns its value.
  Value& put(std::string key, Value value);
};

struct Value::Entry {
  Value key;
  Value value;
};

// A value and where it came from; converts to the value, so that readers need not care.
template <typename T>
struct Setting {
  T value{};
  Mark origin{};

  Setting() = default;
  // A built-in value, so that settings read like plain values.
  // NOLINTNEXTLINE(google-explicit-constructor)
  Setting(T initial) : value(std::move(initial)) {}
  Setting(T given, Mark where) : value(std::move(given)), origin(where) {}
  operator const T&() const { return value; }  // NOLINT(google-explicit-constructor)
};

// Scalars to finished types. Each reports a fault at the value's place and returns nothing then.
std::optional<std::string> readString(const Value& value, Diagnostics& out);
std::optional<bool> readBool(const Value& value, Diagnostics& out);  // only true and false
std::optional<uint64_t> readCount(const Value& value, uint64_t low, uint64_t high,
                                  Diagnostics& out);
std::optional<Duration> readDuration(const Value& value,
                                     Diagnostics& out);  // 250ms 2s 5m 1h; unit needed
std::optional<uint64_t> readSize(const Value& value, Diagnostics& out);   // 512B 64KiB 1MiB 2GiB
std::optional<double> readPercent(const Value& value, Diagnostics& out);  // 20% -> 0.2
struct RateValue {
  double per_second = 0;
};
std::optional<RateValue> readRate(const Value& value, Diagnostics& out);  // 100/s 20/m 5/h
// A scalar, or a list of scalars, as a list of values.
std::vector<const Value*> readScalars(const Value& value, Diagnostics& out);
// One of a few words; the error lists them and suggests the nearest.
std::optional<size_t> readWord(const Value& value, std::span<const std::string_view> words,
                               Diagnostics& out);

// A file name as the program opens it: a relative one begins beside the file that has it.
std::string besideFile(std::string_view file, std::string_view name);

// The file that a value names, as `page.html` or `@page.html`, read by the loader; nullptr when it
// could not be read, which is reported already. Valid until `files` gets another one.
const Diagnostics::File* namedFile(const Value& value, const Diagnostics& files);

// The word of `known` nearest to `given` (edit distance, at most a third of its length), or "".
std::string_view nearestWord(std::string_view given, std::span<const std::string_view> known);

// One mapping being read, key by key. `finish` reports the keys that its section does not have,
// with the nearest that it has, and those of later versions. Asking for a key that the section does
// not have, or finishing without having asked for one that it has, is a bug and throws.
class Settings {
 public:
  // `what` names the thing in messages where the section's own words say too little: "the pool
  // `a`". If the value is not a mapping, that is reported, and all reads find nothing.
  Settings(const Value& value, const Section& section, Diagnostics& out, std::string what = {});

  // The value of a key or nullptr. A key with a null value counts as absent and is reported.
  const Value* take(std::string_view key);
  // Known, but elsewhere: present means an error that says where it stands.
  void misplaced(std::string_view key, std::string_view where);

  void take(std::string_view key, Setting<std::string>& into);
  void take(std::string_view key, Setting<bool>& into);
  void take(std::string_view key, Setting<Duration>& into);  // `off` gives 0
  void takeCount(std::string_view key, Setting<uint32_t>& into, uint32_t low, uint32_t high);
  void takeSize(std::string_view key, Setting<uint64_t>& into);   // `off` gives 0
  void takePercent(std::string_view key, Setting<double>& into);  // `off` gives 0

  // Reports what no key of the section covers.
  void finish();

  const Value& value() const { return value_; }
  Mark mark() const { return value_.mark; }
  Diagnostics& diagnostics() { return out_; }

 private:
  void refuseLater(const Key& key, const Value::Entry& entry);
  void refuseUnknown(const Value::Entry& entry);
  void requireAllAsked() const;

  const Value& value_;
  const Section& section_;
  std::string what_;
  Diagnostics& out_;
  std::vector<std::string_view> asked_;
  std::vector<std::string> elsewhere_;  // suggested, not listed
};

}  // namespace fairlead
