// What the rules of several filters have in common when they are read: lists, networks,
// names to remove, and text that becomes part of a path.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ip_address.h"
#include "base/settings.h"

namespace fairlead::filter {

// One value or a list of values of any kind. (`"@file"` entries are lines already, when rules are
// read.)
std::vector<const Value*> readEntries(const Value& list, Diagnostics& out);

struct NetworkEntry {
  Cidr cidr;
  Mark mark;
};
std::optional<Cidr> readNetwork(std::string_view text, Mark mark, Diagnostics& out);
std::vector<NetworkEntry> readNetworks(const Value& list, Diagnostics& out);

// Reports what is no mapping; `example` shows one.
bool requireMap(const Value& value, std::string_view example, Diagnostics& out);

// The names of a `remove`: one, a list, or the keys of a mapping whose values do not matter.
std::vector<const Value*> readNames(const Value& value, Diagnostics& out);

// Reports a text that is no method, or a known one that is not in capitals.
bool checkMethodName(const Value& method, Diagnostics& out);

// Text of the configuration in the form that it has within a canonical path: escapes of unreserved
// characters resolved, others in upper case, blanks and bytes beyond ASCII escaped.
std::optional<std::string> readPathText(const Value& value, Diagnostics& out);

// A whole path in canonical form; a slash at its end stays.
std::optional<std::string> readExactPath(const Value& value, Diagnostics& out);
// The same without the slash at its end.
std::optional<std::string> readPath(const Value& value, Diagnostics& out);

// A text that later versions will not read differently: known placeholders such as `{client_ip}`,
// which this version does not have, are errors and not literal text.
std::optional<std::string> readText(const Value& value, Diagnostics& out);

}  // namespace fairlead::filter
