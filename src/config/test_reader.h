// Reading `tests`: requests, and what must become of them.
#pragma once

#include <vector>

#include "config/config.h"

namespace fairlead::config {

extern const Section kTestKeys;
extern const Section kTestRequestKeys;

// As it would be written in the file, at length.
Value shownTest(const RouteTest& test);

void readTests(const Value& value, std::vector<RouteTest>& into, Diagnostics& out);

}  // namespace fairlead::config
