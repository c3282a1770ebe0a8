// What fairlead keeps in its state folder.
#pragma once

#include <expected>
#include <string>

namespace fairlead::control {

// The key that signs the cookies of sticky clients: read from the folder, made there the first
// time. The error is a sentence.
std::expected<std::string, std::string> keptStickySecret(const std::string& folder);

// One that lives as long as the process.
std::string freshStickySecret();

}  // namespace fairlead::control
