// The whole language as data: which sections there are, and what a JSON Schema says of them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/vocabulary.h"
#include "config/form.h"

namespace fairlead::config {

// The section that a form names, or nullptr.
const Section* findSection(std::string_view name);

// The main file's section, then all that can be reached from it, in the order of the tables.
std::vector<const Section*> allSections();

// What a value looks like in this version: sections whose keys are all of later ones are left out.
// Nothing: nothing is left. A text that is no form, or names what does not exist, is a bug and
// throws.
std::optional<Form> currentForm(std::string_view form);
// Has it any key that works in this version?
bool isCurrent(const Section& section);

// JSON Schema, draft 2020-12, of the main file; `$defs` has every section. It takes what the loader
// takes; what single values mean to each other is left to `fairlead check`.
std::string renderSchema();

}  // namespace fairlead::config
