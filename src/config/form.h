// The forms of base/vocabulary.h as trees: what the value of a key looks like.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace fairlead::config {

struct Form {
  enum class Kind : uint8_t {
    Scalar,     // a single value of the kind `name`: "duration"
    Word,       // the word `name`
    Range,      // a whole number from `low` to `high`
    Section,    // a mapping with the keys of the section `name`
    List,       // of parts[0]
    OneOrList,  // parts[0], or a list of them
    Map,        // of names to parts[0]
    Either,     // one of `parts`
    Later,      // of a later version; of it only the words `parts` are accepted
  };

  Kind kind = Kind::Scalar;
  std::string_view name;  // part of the text that was parsed
  uint64_t low = 0;
  uint64_t high = 0;
  std::vector<Form> parts;

  bool is(Kind other) const { return kind == other; }
};

// Or a sentence that says what is wrong with the text.
std::expected<Form, std::string> parseForm(std::string_view text);

}  // namespace fairlead::config
