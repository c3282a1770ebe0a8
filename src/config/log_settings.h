// `log`: where the access log's lines go, at the top of the file and at the levels below.
#pragma once

#include "config/config.h"

namespace fairlead::config {

extern const Section kLogKeys;        // at the top of the file
extern const Section kAccessLogKeys;  // in a host or a path

// At the top of the file. Each may be given nothing to read, and changes nothing then.
void readLog(const Value* value, LogSettings& log, Diagnostics& out);
// In a host or a path: replaces what holds outside.
void readAccessLog(const Value* value, Setting<LogDestination>& into, Diagnostics& out);

// As it would be written: "stdout", "off", or the file's name.
std::string_view textOf(const LogDestination& log);

}  // namespace fairlead::config
