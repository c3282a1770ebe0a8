// The tables of docs/configuration.md, made from the sections that the loader reads by.
#pragma once

#include <string>
#include <string_view>

#include "base/vocabulary.h"

namespace fairlead::config {

// The form of a value in words, with links to the headings of sections: "duration or `off`".
std::string formInWords(std::string_view form);

// The document with every table between `<!-- keys: NAME -->` or `<!-- values -->` and
// `<!-- end -->` made anew, and those of sections that it has no table of at its end.
std::string withTables(std::string document);

// The line that the table of a section begins with.
std::string tableMark(const Section& section);

}  // namespace fairlead::config
