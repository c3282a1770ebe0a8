// Arbitrary bytes as a valid JSON string.
#pragma once

#include <string>
#include <string_view>

namespace fairlead {

// Appends `text` with its quotes. Whatever the bytes are, the result is valid JSON (RFC 8259) in
// valid UTF-8: every byte that is not part of well-formed UTF-8 becomes \ufffd.
void appendJsonString(std::string& out, std::string_view text);

}  // namespace fairlead
