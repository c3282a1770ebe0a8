// Configuration values made by hand, and what reading them comes to.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "base/settings.h"

namespace fairlead::upstream {

// Each test's values stand in line 1; those of an inner level may be given another.
inline Value scalar(std::string text, uint32_t line = 1) {
  return Value::scalar(std::move(text), {0, line, 1, 1});
}

inline Value list(const std::vector<std::string>& texts) {
  Value value = Value::list({0, 1, 1, 1});
  for (const std::string& text : texts) value.items.push_back(scalar(text));
  return value;
}

inline Value mapping(std::vector<std::pair<std::string, Value>> pairs, uint32_t line = 1) {
  Value value = Value::map({0, line, 1, 1});
  for (auto& [key, inner] : pairs) value.entries.push_back({scalar(key), std::move(inner)});
  return value;
}

inline Value texts(const std::vector<std::pair<std::string, std::string>>& pairs) {
  Value value = Value::map({0, 1, 1, 1});
  for (const auto& [key, text] : pairs) value.entries.push_back({scalar(key), scalar(text)});
  return value;
}

// Reads over what `settings` has; nothing must be wrong.
template <typename T>
void readInto(T& settings, const Value& value) {
  Diagnostics out;
  settings.read(value, out);
  for (const Diagnostic& finding : out.all()) ADD_FAILURE() << finding.message;
}

template <typename T>
T readOf(const Value& value) {
  T settings;
  readInto(settings, value);
  return settings;
}

// The message of the first finding, or "".
template <typename T>
std::string faultOf(const Value& value, T settings = {}) {
  Diagnostics out;
  settings.read(value, out);
  return out.all().empty() ? "" : out.all().front().message;
}

// `key: value` for each leaf, keys joined by dots: what `show` says, in short.
inline void addLeaves(const Value& value, const std::string& name, std::string& text) {
  const std::string prefix = name.empty() ? "" : name + ".";
  for (const Value::Entry& entry : value.entries)
    addLeaves(entry.value, prefix + entry.key.text, text);
  std::string items;
  for (const Value& item : value.items) items += (items.empty() ? "" : ",") + item.text;
  if (!value.isMap())
    text += (text.empty() ? "" : " ") + name + "=" + (value.isList() ? items : value.text);
}

inline std::string leavesOf(const Value& shown) {
  std::string text;
  addLeaves(shown, "", text);
  return text;
}

}  // namespace fairlead::upstream
