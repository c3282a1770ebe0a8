// Reading and showing mappings of field names to texts.
#include "upstream/named_fields.h"

#include <fmt/format.h>

#include "base/ascii.h"
#include "http/semantics.h"

namespace fairlead::upstream {

bool checkFieldName(const Value& name, Diagnostics& out) {
  if (http::isToken(name.text)) return true;
  out.error(name.mark, fmt::format("`{}` is not the name of a header field", name.text)).expected =
      "letters, digits and -_.!#$%&'*+^`|~";
  return false;
}

void readFields(const Value* value, NamedFields& fields, FieldReader how, Diagnostics& out) {
  if (value == nullptr) return;
  if (!value->isMap()) {
    out.error(value->mark, "this is not a mapping").expected = "names of fields: { Name: value }";
    return;
  }
  for (const Value::Entry& entry : value->entries) {
    const std::string& name = entry.key.text;
    if (!how.checkName(entry.key, out)) continue;
    std::erase_if(fields, [&](const auto& f) { return ascii::equalsIgnoreCase(f.first, name); });
    if (entry.value.isOff()) continue;
    Setting<std::string> text;
    how.readText(entry.value, text, out);
    fields.emplace_back(name, std::move(text));
  }
}

Value showFields(const NamedFields& fields) {
  Value shown = Value::map();
  for (const auto& [name, text] : fields)
    shown.put(name, Value::scalar(text, text.origin)).quoted = true;
  return shown;
}

}  // namespace fairlead::upstream
