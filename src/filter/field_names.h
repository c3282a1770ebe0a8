// Which names rules may touch: of fields and of cookies.
#pragma once

#include <string_view>

#include "base/settings.h"
#include "http/fields.h"

namespace fairlead::filter {

// Does this field frame the message, or belong to one connection? No rule may change such a field.
bool isProtectedField(http::FieldId id);

// Reports a text that is no field-name (RFC 9110 section 5.1), or the name of a protected field.
bool checkFieldName(const Value& name, Diagnostics& out);
// The same for a name in which `*` stands for any text.
bool checkFieldGlob(const Value& name, Diagnostics& out);

// Reports a text that is no cookie-name (RFC 6265 section 4.1.1). `*` may stand in one.
bool checkCookieName(const Value& name, Diagnostics& out);

}  // namespace fairlead::filter
