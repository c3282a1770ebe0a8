// Reading `log`, whose short form is the value of its key `access`.
#include "config/log_settings.h"

#include <array>

#include "config/config_reader.h"

namespace fairlead::config {
namespace {

constexpr Key kLog[] = {
    {"access", "'stdout' | 'stderr' | 'off' | file_name", "stdout", "one line a request"},
    {"format", "'json' | 'combined'", "json", "how the lines look"},
    {"level", "later", "", ""},
};

constexpr Key kAccessLog[] = {
    {"access", "'stdout' | 'stderr' | 'off' | file_name", "",
     "where the lines of these requests go; without it: where those of the level above go"},
};

void readDestination(const Value& value, Setting<LogDestination>& into, Diagnostics& out) {
  const auto target = readString(value, out);
  if (!target) return;
  LogDestination log;
  if (value.isOff()) {
    log.target = LogTarget::Off;
  } else if (*target == "stdout") {
    log.target = LogTarget::Stdout;
  } else if (*target == "stderr") {
    log.target = LogTarget::Stderr;
  } else if (target->empty()) {
    out.error(value.mark, "this names no file").expected = "stdout, stderr, off or a file name";
    return;
  } else {
    log = {LogTarget::File, besideFile(out.files[value.mark.file].name, *target)};
    if (log.file == "off") log.file = "./off";  // the file, not the word
  }
  into = {std::move(log), value.mark};
}

void readFormat(const Value& value, Diagnostics& out) {
  constexpr std::array<std::string_view, 2> kFormats{"json", "combined"};
  if (readWord(value, kFormats, out) == size_t{1})
    out.error(value.mark, "the format `combined` is not supported by this version").expected =
        "json";
}

}  // namespace

const Section kLogKeys{"log", "log", kLog};
const Section kAccessLogKeys{"access_log", "log", kAccessLog};

void readLog(const Value* value, LogSettings& log, Diagnostics& out) {
  if (value == nullptr) return;
  if (value->isScalar()) return readDestination(*value, log.access, out);
  Settings settings(*value, kLogKeys, out);
  if (const Value* access = settings.take("access")) readDestination(*access, log.access, out);
  if (const Value* format = settings.take("format")) readFormat(*format, out);
  settings.finish();
}

void readAccessLog(const Value* value, Setting<LogDestination>& into, Diagnostics& out) {
  if (value == nullptr) return;
  if (value->isScalar()) return readDestination(*value, into, out);
  Settings settings(*value, kAccessLogKeys, out);
  if (const Value* access = settings.take("access")) readDestination(*access, into, out);
  settings.misplaced("format", "in `log` at the top of the file");
  settings.finish();
}

std::string_view textOf(const LogDestination& log) {
  switch (log.target) {
    case LogTarget::Stdout:
      return "stdout";
    case LogTarget::Stderr:
      return "stderr";
    case LogTarget::Off:
      return "off";
    case LogTarget::File:
      break;
  }
  return log.file;
}

}  // namespace fairlead::config
