// Configuration values as YAML's flow style, the way back from flow.h.
#pragma once

#include <string>

#include "base/settings.h"

namespace fairlead::filter {

// Marks are left out; quotes stand where a value has them.
inline std::string flowText(const Value& value) {
  std::string text;
  const auto separate = [&text] { text += text.size() > 1 ? ", " : ""; };
  switch (value.kind) {
    case Value::Kind::Null:
      return "null";
    case Value::Kind::Scalar:
      return value.quoted ? "\"" + value.text + "\"" : value.text;
    case Value::Kind::List:
      text = "[";
      for (const Value& item : value.items) {
        separate();
        text += flowText(item);
      }
      return text + "]";
    case Value::Kind::Map:
      text = "{";
      for (const Value::Entry& entry : value.entries) {
        separate();
        text += flowText(entry.key) + ": " + flowText(entry.value);
      }
      return text + "}";
  }
  return text;
}

// Has every leaf a place?
inline bool everyLeafHasMark(const Value& value) {
  if (value.isScalar()) return !value.mark.isBuiltIn();
  bool all = true;
  for (const Value& item : value.items) all = all && everyLeafHasMark(item);
  for (const Value::Entry& entry : value.entries) all = all && everyLeafHasMark(entry.value);
  return all;
}

}  // namespace fairlead::filter
