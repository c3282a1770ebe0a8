// Reading `admin`, whose short form is the value of its key `address`.
#include "config/admin_settings.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.h"
#include "config/address.h"

namespace fairlead::config {
namespace {

constexpr Key kAdmin[] = {
    {"address", "admin_address", "127.0.0.1:9900", "where the API listens"},
    {"token", "text", "",
     "what requests must show, as `Authorization: Bearer TOKEN`; without it the API stays on the "
     "loopback or on a Unix socket"},
};

// Each of these returns false when what it read is faulty.

bool readAddress(const Value& value, AdminSettings& admin, Diagnostics& out) {
  auto listen = readAdminAddress(value, out);
  if (!listen) return false;
  admin.address = {*std::move(listen), value.mark};
  return true;
}

// RFC 6750 section 2.1 has no blanks, and fields of HTTP have no controls.
bool isToken(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

bool readToken(const Value& value, AdminSettings& admin, Diagnostics& out) {
  const auto token = readString(value, out);
  if (!token) return false;
  if (isToken(*token)) {
    admin.token = {*token, value.mark};
    return true;
  }
  out.error(value.mark, token->empty() ? "the token is empty" : "this cannot be a token").expected =
      "a secret of visible ASCII characters, without blanks";
  return false;
}

bool readLongForm(const Value& value, AdminSettings& admin, Diagnostics& out) {
  Settings settings(value, kAdminKeys, out);
  bool is_understood = value.isMap();
  if (const Value* address = settings.take("address"))
    is_understood &= readAddress(*address, admin, out);
  if (const Value* token = settings.take("token")) is_understood &= readToken(*token, admin, out);
  settings.finish();
  return is_understood;
}

bool isReachableFromElsewhere(const Listen& listen) {
  return listen.unix_path.empty() && (listen.any || !listen.address.isLoopback());
}

void requireToken(const AdminSettings& admin, Diagnostics& out) {
  const Listen& at = admin.address.value;
  if (!isReachableFromElsewhere(at) || !admin.token.value.empty()) return;
  out.error(at.mark,
            fmt::format("without a token, whoever reaches `{}` could use the admin API", at.text))
      .expected = fmt::format(
      "a token beside the address, {{ address: \"{}\", token: \"${{FAIRLEAD_ADMIN_TOKEN}}\" }}; or "
      "an address of the loopback",
      at.text);
}

void judgeClash(std::span<const Listen> listens, AdminSettings& admin, Diagnostics& out) {
  const Listen& at = admin.address.value;
  const Mark where = at.mark.isBuiltIn() ? admin.on.origin : at.mark;
  const auto other =
      std::ranges::find_if(listens, [&](const Listen& listen) { return clash(listen, at); });
  if (other == listens.end()) return;
  if (admin.is_written) {
    Diagnostic& finding = out.error(where, fmt::format("the address {} is taken already", at.text));
    finding.also = other->mark;
    finding.also_message = "it is listened on here";
    return;
  }
  admin.on = {false, other->mark};
  out.warning(other->mark, fmt::format("the admin API would listen on {}, and stays off", at.text))
      .expected = "`admin` with another address, or `admin: off`";
}

}  // namespace

const Section kAdminKeys{"admin", "admin", kAdmin};

std::optional<Listen> readAdminAddress(const Value& value, Diagnostics& out) {
  auto listen = readListenAddress(value, out);
  if (!listen) return std::nullopt;
  if (std::ranges::all_of(value.text, ascii::isDigit)) {
    listen->any = false;
    listen->address = AdminSettings().address.value.address;
  }
  if (!listen->unix_path.empty() && value.mark.file < out.files.size())
    listen->unix_path = besideFile(out.files[value.mark.file].name, listen->unix_path);
  return listen;
}

void readAdmin(const Value* value, std::span<const Listen> listens, AdminSettings& admin,
               Diagnostics& out) {
  if (value != nullptr) {
    admin.is_written = true;
    admin.on = {!value->isOff(), value->mark};
    if (!admin.on) return;
    const bool is_understood =
        value->isScalar() ? readAddress(*value, admin, out) : readLongForm(*value, admin, out);
    if (!is_understood) return;
  }
  requireToken(admin, out);
  judgeClash(listens, admin, out);
}

}  // namespace fairlead::config
