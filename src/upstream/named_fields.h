// Header fields as settings: texts by name, an inner level over the outer one.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/settings.h"

namespace fairlead::upstream {

using NamedFields = std::vector<std::pair<std::string, Setting<std::string>>>;

// Reports a text that is no field-name (RFC 9110 section 5.1).
bool checkFieldName(const Value& name, Diagnostics& out);

struct FieldReader {
  bool (*checkName)(const Value& name, Diagnostics& out);
  void (*readText)(const Value& value, Setting<std::string>& into, Diagnostics& out);
};

// A field of the same name is replaced, whatever its letter case; `off` takes it away. No value,
// nothing is read.
void readFields(const Value* value, NamedFields& fields, FieldReader how, Diagnostics& out);

Value showFields(const NamedFields& fields);

}  // namespace fairlead::upstream
