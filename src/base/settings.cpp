// Reading values key by key, and the words in which their faults are told.
#include "base/settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <stdexcept>
#include <tuple>

#include "base/ascii.h"
#include "base/units.h"

namespace fairlead {
namespace {

std::string_view describe(const Value& value) {
  switch (value.kind) {
    case Value::Kind::Null:
      return "empty";
    case Value::Kind::Scalar:
      return "a single value";
    case Value::Kind::List:
      return "a list";
    case Value::Kind::Map:
      return "a mapping";
  }
  return "empty";
}

std::string didYouMean(std::string_view word) { return fmt::format("did you mean `{}`?", word); }

std::string joined(std::span<const std::string_view> words) {
  return fmt::format("{}", fmt::join(words, ", "));
}

// A scalar, or a finding that says what stands there instead.
bool requireScalar(const Value& value, std::string_view expected, Diagnostics& out) {
  if (value.isScalar()) return true;
  out.error(value.mark, fmt::format("this cannot be {}", describe(value))).expected = expected;
  return false;
}

void report(const Value& value, const units::Fault& fault, std::string_view expected,
            Diagnostics& out) {
  Diagnostic& finding = out.error(value.mark, fault.message);
  finding.expected = expected;
  if (!fault.meant.empty()) finding.suggestion = didYouMean(fault.meant);
}

template <typename T>
std::optional<T> readQuantity(const Value& value, units::Parsed<T> (*parse)(std::string_view),
                              std::string_view expected, Diagnostics& out) {
  if (!requireScalar(value, expected, out)) return std::nullopt;
  units::Parsed<T> parsed = parse(value.text);
  if (parsed) return *parsed;
  report(value, parsed.error(), expected, out);
  return std::nullopt;
}

// The same word in letters that do not matter: `Max-Requests` is `max_requests`.
std::string folded(std::string_view word) {
  std::string result = ascii::lowered(word);
  std::replace(result.begin(), result.end(), '-', '_');
  return result;
}

// Damerau-Levenshtein in its optimal string alignment form: neighbours exchanged cost one.
size_t editDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> before(b.size() + 1);
  std::vector<size_t> last(b.size() + 1);
  std::vector<size_t> row(b.size() + 1);
  std::iota(last.begin(), last.end(), size_t{0});
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t change = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({change, last[j] + 1, row[j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

bool overlaps(const Mark& a, const Mark& b) {
  return a.file == b.file && a.line == b.line && a.column < b.column + b.length &&
         b.column < a.column + a.length;
}

}  // namespace

Diagnostic& Diagnostics::error(Mark mark, std::string message) {
  return add(Diagnostic::Severity::Error, mark, std::move(message));
}

Diagnostic& Diagnostics::warning(Mark mark, std::string message) {
  return add(Diagnostic::Severity::Warning, mark, std::move(message));
}

Diagnostic& Diagnostics::note(Mark mark, std::string message) {
  return add(Diagnostic::Severity::Note, mark, std::move(message));
}

Diagnostic& Diagnostics::add(Diagnostic::Severity severity, Mark mark, std::string message) {
  const bool is_muted = std::any_of(muted_.begin(), muted_.end(),
                                    [&](const Mark& place) { return overlaps(place, mark); });
  Diagnostic& finding = is_muted ? ignored_ = Diagnostic() : all_.emplace_back();
  finding.severity = severity;
  finding.mark = mark;
  finding.message = std::move(message);
  return finding;
}

bool Diagnostics::hasErrors() const {
  return std::any_of(all_.begin(), all_.end(), [](const Diagnostic& finding) {
    return finding.severity == Diagnostic::Severity::Error;
  });
}

void Diagnostics::sort() {
  const auto order = [](const Diagnostic& finding) {
    const Mark& mark = finding.mark;
    return std::tie(mark.file, mark.line, mark.column, finding.message);
  };
  std::sort(all_.begin(), all_.end(),
            [&](const Diagnostic& a, const Diagnostic& b) { return order(a) < order(b); });
  const auto repeated =
      std::unique(all_.begin(), all_.end(), [](const Diagnostic& a, const Diagnostic& b) {
        return a.mark == b.mark && a.message == b.message && a.also == b.also;
      });
  all_.erase(repeated, all_.end());
}

const Value::Entry* Value::findEntry(std::string_view key) const {
  for (const Entry& entry : entries)
    if (entry.key.text == key) return &entry;
  return nullptr;
}

const Value* Value::find(std::string_view key) const {
  const Entry* entry = findEntry(key);
  return entry == nullptr ? nullptr : &entry->value;
}

Value Value::scalar(std::string text, Mark mark) {
  Value value;
  value.kind = Kind::Scalar;
  value.text = std::move(text);
  value.mark = mark;
  return value;
}

Value Value::list(Mark mark) {
  Value value;
  value.kind = Kind::List;
  value.mark = mark;
  return value;
}

Value Value::map(Mark mark) {
  Value value;
  value.kind = Kind::Map;
  value.mark = mark;
  return value;
}

Value& Value::put(std::string key, Value value) {
  entries.push_back({scalar(std::move(key), value.mark), std::move(value)});
  return entries.back().value;
}

std::string_view nearestWord(std::string_view given, std::span<const std::string_view> known) {
  constexpr size_t kLongestWord = 64;  // longer ones are no slip of the finger
  if (given.size() > kLongestWord) return {};
  const std::string word = folded(given);
  std::string_view nearest;
  size_t best = SIZE_MAX;
  for (const std::string_view candidate : known) {
    if (candidate.size() > kLongestWord) continue;
    const size_t distance = editDistance(word, folded(candidate));
    if (distance > std::max(word.size(), candidate.size()) / 3 || distance >= best) continue;
    best = distance;
    nearest = candidate;
  }
  return nearest;
}

std::optional<std::string> readString(const Value& value, Diagnostics& out) {
  if (!requireScalar(value, "a text", out)) return std::nullopt;
  return value.text;
}

std::optional<bool> readBool(const Value& value, Diagnostics& out) {
  if (!requireScalar(value, "true or false", out)) return std::nullopt;
  if (!value.quoted && value.text == "true") return true;
  if (!value.quoted && value.text == "false") return false;
  Diagnostic& finding = out.error(value.mark, fmt::format("`{}` is not a boolean", value.text));
  finding.expected = value.quoted ? "true or false, without quotes" : "true or false";
  const std::string word = ascii::lowered(value.text);
  if (word == "yes" || word == "on" || word == "y" || word == "true")
    finding.suggestion = didYouMean("true");
  if (word == "no" || word == "off" || word == "n" || word == "false")
    finding.suggestion = didYouMean("false");
  return std::nullopt;
}

std::optional<uint64_t> readCount(const Value& value, uint64_t low, uint64_t high,
                                  Diagnostics& out) {
  const std::string expected = high == UINT64_MAX
                                   ? fmt::format("a whole number of at least {}", low)
                                   : fmt::format("a whole number from {} to {}", low, high);
  const auto count = readQuantity(value, units::parseCount, expected, out);
  if (!count) return std::nullopt;
  if (value.quoted) {
    out.error(value.mark, "this is a text, because of its quotes").expected = expected;
    return std::nullopt;
  }
  if (*count >= low && *count <= high) return count;
  out.error(value.mark, fmt::format("{} is too {}", value.text, *count < low ? "small" : "large"))
      .expected = expected;
  return std::nullopt;
}

std::optional<Duration> readDuration(const Value& value, Diagnostics& out) {
  return readQuantity(value, units::parseDuration, "a duration with a unit, such as 250ms or 2s",
                      out);
}

std::optional<uint64_t> readSize(const Value& value, Diagnostics& out) {
  return readQuantity(value, units::parseSize, "a size with a unit, such as 64KiB or 1MiB", out);
}

std::optional<double> readPercent(const Value& value, Diagnostics& out) {
  return readQuantity(value, units::parsePercent, "a percentage, such as 20%", out);
}

std::optional<RateValue> readRate(const Value& value, Diagnostics& out) {
  const auto rate =
      readQuantity(value, units::parseRate, "a rate, such as 100/s, 20/m or 5/h", out);
  if (!rate) return std::nullopt;
  return RateValue{*rate};
}

std::vector<const Value*> readScalars(const Value& value, Diagnostics& out) {
  if (value.isScalar()) return {&value};
  std::vector<const Value*> scalars;
  if (!value.isList()) {
    out.error(value.mark, fmt::format("this cannot be {}", describe(value))).expected =
        "a value or a list of values";
    return scalars;
  }
  for (const Value& item : value.items)
    if (requireScalar(item, "a single value", out)) scalars.push_back(&item);
  return scalars;
}

std::optional<size_t> readWord(const Value& value, std::span<const std::string_view> words,
                               Diagnostics& out) {
  const std::string expected =
      words.size() == 1 ? fmt::format("{}", words[0]) : fmt::format("one of {}", joined(words));
  if (!requireScalar(value, expected, out)) return std::nullopt;
  const auto found = std::find(words.begin(), words.end(), value.text);
  if (found != words.end()) return static_cast<size_t>(found - words.begin());
  Diagnostic& finding = out.error(value.mark, fmt::format("`{}` is not known here", value.text));
  finding.expected = expected;
  const std::string_view nearest = nearestWord(value.text, words);
  if (!nearest.empty()) finding.suggestion = didYouMean(nearest);
  return std::nullopt;
}

std::string besideFile(std::string_view file, std::string_view name) {
  const size_t slash = file.rfind('/');
  if (name.starts_with('/') || slash == std::string_view::npos) return std::string(name);
  return fmt::format("{}/{}", file.substr(0, slash), name);
}

const Diagnostics::File* namedFile(const Value& value, const Diagnostics& files) {
  std::string_view name = value.text;
  if (name.starts_with('@')) name.remove_prefix(1);
  const uint32_t naming = value.mark.file;
  const std::string path =
      besideFile(naming < files.files.size() ? files.files[naming].name : "", name);
  const auto found = std::find_if(files.files.begin(), files.files.end(),
                                  [&](const auto& file) { return file.name == path; });
  return found == files.files.end() ? nullptr : &*found;
}

Settings::Settings(const Value& value, const Section& section, Diagnostics& out, std::string what)
    : value_(value),
      section_(section),
      what_(what.empty() ? std::string(section.what) : std::move(what)),
      out_(out) {
  if (value.isMap()) return;
  out.error(value.mark, fmt::format("{} cannot be {}", what_, describe(value))).expected =
      "a mapping of keys to values";
}

const Value* Settings::take(std::string_view key) {
  if (!section_.find(key))
    throw std::logic_error(fmt::format("the section {} has no key {}", section_.name, key));
  asked_.push_back(key);
  const Value::Entry* entry = value_.findEntry(key);
  if (entry == nullptr) return nullptr;
  if (entry->value.kind != Value::Kind::Null) return &entry->value;
  out_.error(entry->key.mark, fmt::format("`{}` has no value", key)).expected =
      "a value; a key that is not needed is left out";
  return nullptr;
}

void Settings::misplaced(std::string_view key, std::string_view where) {
  elsewhere_.emplace_back(key);
  if (const Value::Entry* entry = value_.findEntry(key))
    out_.error(entry->key.mark, fmt::format("`{}` cannot stand here", key)).expected =
        fmt::format("`{}` {}", key, where);
}

void Settings::take(std::string_view key, Setting<std::string>& into) {
  if (const Value* value = take(key))
    if (auto text = readString(*value, out_)) into = {std::move(*text), value->mark};
}

void Settings::take(std::string_view key, Setting<bool>& into) {
  if (const Value* value = take(key))
    if (const auto answer = readBool(*value, out_)) into = {*answer, value->mark};
}

void Settings::take(std::string_view key, Setting<Duration>& into) {
  const Value* value = take(key);
  if (value == nullptr) return;
  if (value->isOff())
    into = {Duration(0), value->mark};
  else if (const auto span = readDuration(*value, out_))
    into = {*span, value->mark};
}

void Settings::takeCount(std::string_view key, Setting<uint32_t>& into, uint32_t low,
                         uint32_t high) {
  if (const Value* value = take(key))
    if (const auto count = readCount(*value, low, high, out_))
      into = {static_cast<uint32_t>(*count), value->mark};
}

void Settings::takeSize(std::string_view key, Setting<uint64_t>& into) {
  const Value* value = take(key);
  if (value == nullptr) return;
  if (value->isOff())
    into = {uint64_t{0}, value->mark};
  else if (const auto size = readSize(*value, out_))
    into = {*size, value->mark};
}

void Settings::takePercent(std::string_view key, Setting<double>& into) {
  const Value* value = take(key);
  if (value == nullptr) return;
  if (value->isOff())
    into = {0.0, value->mark};
  else if (const auto share = readPercent(*value, out_))
    into = {*share, value->mark};
}

void Settings::finish() {
  if (!value_.isMap()) return;
  requireAllAsked();
  for (const Value::Entry& entry : value_.entries) {
    const Key* key = section_.find(entry.key.text);
    if (key != nullptr && key->isLater())
      refuseLater(*key, entry);
    else if (key == nullptr && section_.names.empty())
      refuseUnknown(entry);
  }
}

void Settings::requireAllAsked() const {
  section_.forEach([this](const Key& key) {
    const bool is_asked = std::find(asked_.begin(), asked_.end(), key.name) != asked_.end();
    if (!is_asked && !key.isLater())
      throw std::logic_error(
          fmt::format("nobody reads {} of the section {}", key.name, section_.name));
  });
}

// What does not exist yet may be switched off: `http3: false` is how things are.
void Settings::refuseLater(const Key& key, const Value::Entry& entry) {
  if (std::find(asked_.begin(), asked_.end(), key.name) != asked_.end()) return;
  const Value& value = entry.value;
  const bool is_word = value.isScalar() && !value.quoted &&
                       key.form.find(fmt::format("'{}'", value.text)) != std::string_view::npos;
  if (!is_word)
    out_.error(entry.key.mark, fmt::format("`{}` is not supported by this version", key.name));
}

void Settings::refuseUnknown(const Value::Entry& entry) {
  const auto& word = entry.key.text;
  if (std::find(elsewhere_.begin(), elsewhere_.end(), word) != elsewhere_.end()) return;
  std::vector<std::string_view> known;
  std::vector<std::string_view> near(elsewhere_.begin(), elsewhere_.end());
  section_.forEach([&](const Key& key) {
    near.push_back(key.name);
    if (!key.isLater()) known.push_back(key.name);
  });
  Diagnostic& finding =
      out_.error(entry.key.mark, fmt::format("unknown key `{}` in {}", word, what_));
  const std::string_view nearest = nearestWord(word, near);
  if (!nearest.empty())
    finding.suggestion = didYouMean(nearest);
  else
    finding.expected = known.size() == 1 ? std::string(known[0]) : "one of " + joined(known);
}

}  // namespace fairlead
