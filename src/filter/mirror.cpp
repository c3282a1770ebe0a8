// Reading and showing the settings of `mirror`.
#include "filter/mirror.h"

#include <fmt/format.h>

#include "base/units.h"

namespace fairlead::filter {
namespace {

constexpr Key kKeys[] = {
    {"pool", "pool_name", "", "where the copies go"},
    {"percent", "0..100 | percent", "100", "the share of the requests that is copied, by chance"},
    {"max_body", "size", "64KiB", "requests with larger bodies are not copied; at most 16MiB"},
};

// `10` and `10%` are the same here; below one, only the percent sign tells what is meant.
std::optional<double> readShare(const Value& value, Diagnostics& out) {
  if (value.isScalar() && units::parseCount(value.text)) {
    const auto percent = readCount(value, 0, 100, out);
    if (!percent) return std::nullopt;
    return static_cast<double>(*percent) / 100;
  }
  if (value.isScalar() && units::parsePercent(value.text + "%")) {
    Diagnostic& finding =
        out.error(value.mark, fmt::format("`{}` is not a whole number", value.text));
    finding.expected = "a whole number from 0 to 100, or a percentage";
    finding.suggestion = fmt::format("did you mean `{}%`?", value.text);
    return std::nullopt;
  }
  return readPercent(value, out);
}

void readPool(const Value& value, Setting<std::string>& into, Diagnostics& out) {
  const auto name = readString(value, out);
  if (!name) return;
  if (name->empty())
    out.error(value.mark, "this names no pool").expected = "the name of a pool, or off";
  else
    into = {*name, value.mark};
}

void readMaxBody(const Value& value, Setting<uint64_t>& into, Diagnostics& out) {
  const auto size = readSize(value, out);
  if (!size) return;
  if (*size <= MirrorSettings::kLargestBody)
    into = {*size, value.mark};
  else
    out.error(value.mark, fmt::format("`{}` is more than a copy may have", value.text)).expected =
        "a size of at most 16MiB";
}

}  // namespace

const Section kMirrorKeys{"mirror", "mirror", kKeys};

void MirrorSettings::read(const Value& value, Diagnostics& out) {
  if (value.isOff()) {
    *this = MirrorSettings();
    pool.origin = value.mark;
    return;
  }
  if (value.isScalar()) return readPool(value, pool, out);
  Settings settings(value, kMirrorKeys, out);
  const Value* name = settings.take("pool");
  if (name != nullptr) readPool(*name, pool, out);
  if (const Value* percent = settings.take("percent"))
    if (const auto given = readShare(*percent, out)) share = {*given, percent->mark};
  if (const Value* size = settings.take("max_body")) readMaxBody(*size, max_body, out);
  settings.finish();
  if (value.isMap() && value.findEntry("pool") == nullptr && !isOn())
    out.error(value.mark, "the mirror has no pool").expected = "pool: NAME";
}

Value MirrorSettings::show() const {
  Value shown = Value::map(pool.origin);
  if (!isOn()) return shown;
  shown.put("pool", Value::scalar(pool, pool.origin));
  shown.put("percent", Value::scalar(units::formatPercent(share), share.origin));
  shown.put("max_body", Value::scalar(units::formatSize(max_body), max_body.origin));
  return shown;
}

}  // namespace fairlead::filter
