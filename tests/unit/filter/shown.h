// What `show` gives, as one line in YAML's flow style: `{ add: { X: 1 }, remove: [a] }`.
#pragma once

#include <string>

#include "base/settings.h"

namespace fairlead::filter {

inline std::string shownText(const Value& value) {
  std::string text;
  if (value.isMap()) {
    for (const Value::Entry& entry : value.entries)
      text += (text.empty() ? "" : ", ") + entry.key.text + ": " + shownText(entry.value);
    return "{ " + text + " }";
  }
  if (value.isList()) {
    for (const Value& item : value.items) text += (text.empty() ? "" : ", ") + shownText(item);
    return "[" + text + "]";
  }
  return value.text;
}

}  // namespace fairlead::filter
