// Known field names by perfect hash, and the edits of a field list.
#include "http/fields.h"

#include <algorithm>

#include "base/ascii.h"

namespace fairlead::http {

namespace {

constexpr size_t kIdCount = static_cast<size_t>(FieldId::Count);

// In the order of FieldId; empty where the id stands for a family of names.
constexpr std::array<std::string_view, kIdCount> kNames = {
    "",
    "Accept-Encoding",
    "Accept",
    "Age",
    "Authorization",
    "Cache-Control",
    "Connection",
    "Content-Encoding",
    "Content-Length",
    "Content-Location",
    "Content-Type",
    "Cookie",
    "Date",
    "ETag",
    "Expect",
    "Forwarded",
    "Host",
    "Keep-Alive",
    "Last-Modified",
    "Location",
    "Max-Forwards",
    "Origin",
    "Proxy-Authenticate",
    "Proxy-Authorization",
    "Proxy-Connection",
    "",
    "Range",
    "Referer",
    "Retry-After",
    "Server",
    "Set-Cookie",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
    "User-Agent",
    "Vary",
    "Via",
    "WWW-Authenticate",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Port",
    "X-Forwarded-Proto",
    "",
    "X-Real-IP",
    "X-Request-Id",
};
static_assert(kNames[static_cast<size_t>(FieldId::XRequestId)] == "X-Request-Id");

static_assert([] {
  for (size_t id = 0; id < kIdCount; ++id)
    if (kNames[id].empty() != isFamily(static_cast<FieldId>(id))) return false;
  return true;
}());

constexpr size_t kLongestName = 19;
constexpr char kFold = 0x20;  // makes a letter small, and leaves '-' and digits as they are

constexpr uint32_t folded(char c) { return static_cast<unsigned char>(c | kFold); }

// Length, first, last and one late letter tell all known names apart.
constexpr uint32_t keyOf(std::string_view name) {
  return static_cast<uint32_t>(name.size()) | folded(name.front()) << 8 |
         folded(name.back()) << 16 | folded(name[name.size() * 3 / 4]) << 24;
}

constexpr uint32_t slotOf(std::string_view name, uint32_t multiplier) {
  return (keyOf(name) * multiplier) >> 24;
}

struct NameTable {
  uint32_t multiplier = 0;
  std::array<uint8_t, 256> ids{};
  std::array<std::array<char, 24>, kIdCount> folded_names{};
};

constexpr bool fill(NameTable& table) {
  table.ids = {};
  for (size_t id = 1; id < kIdCount; ++id) {
    if (kNames[id].empty()) continue;
    uint8_t& slot = table.ids[slotOf(kNames[id], table.multiplier)];
    if (slot != 0) return false;
    slot = static_cast<uint8_t>(id);
  }
  return true;
}

// Tries odd multipliers until no two names share a slot.
consteval NameTable makeTable() {
  NameTable table;
  table.multiplier = 0x9E3779B1;
  while (!fill(table)) table.multiplier = table.multiplier * 1664525 + 1013904222 + 1;
  for (size_t id = 1; id < kIdCount; ++id)
    for (size_t i = 0; i < kNames[id].size(); ++i)
      table.folded_names[id][i] = static_cast<char>(folded(kNames[id][i]));
  return table;
}

constexpr NameTable kTable = makeTable();

template <typename Word>
bool wordEquals(const char* text, const char* folded_text) {
  Word a;
  Word b;
  std::memcpy(&a, text, sizeof a);
  std::memcpy(&b, folded_text, sizeof b);
  constexpr Word kFoldAll = static_cast<Word>(0x2020202020202020);
  return (a | kFoldAll) == b;
}

// Are `length` bytes of a token the same as an already folded name of letters and '-'? Word by
// word; the last word overlaps the one before.
inline bool equalsFolded(const char* text, const char* folded_text, size_t length) {
  if (length >= 8) {
    const size_t last = length - 8;
    for (size_t i = 0; i < last; i += 8)
      if (!wordEquals<uint64_t>(text + i, folded_text + i)) return false;
    return wordEquals<uint64_t>(text + last, folded_text + last);
  }
  if (length >= 4)
    return wordEquals<uint32_t>(text, folded_text) &&
           wordEquals<uint32_t>(text + length - 4, folded_text + length - 4);
  for (size_t i = 0; i < length; ++i)
    if (!wordEquals<uint8_t>(text + i, folded_text + i)) return false;
  return true;
}

constexpr char kForwardedPrefix[] = "x-forwarded-";
constexpr char kProxyPrefix[] = "proxy-";

template <size_t N>
bool beginsWith(std::string_view name, const char (&prefix)[N]) {
  return name.size() >= N && equalsFolded(name.data(), prefix, N - 1);
}

FieldId familyOf(std::string_view name) {
  const char first = ascii::lower(name.front());
  if (first == 'x' && beginsWith(name, kForwardedPrefix)) return FieldId::XForwardedOther;
  if (first == 'p' && beginsWith(name, kProxyPrefix)) return FieldId::ProxyOther;
  return FieldId::Unknown;
}

// Is it a field of that name, whose id is `id`?
bool hasName(const Field& field, FieldId id, std::string_view name) {
  return field.id() == id && (!isFamily(id) || ascii::equalsIgnoreCase(field.name(), name));
}

Field makeLine(Arena& arena, FieldId id, std::string_view name, std::string_view value) {
  const std::string_view line =
      arena.join(name, std::string_view(": "), value, std::string_view("\r\n"));
  return Field::ofLine(line, name.size(), id);
}

}  // namespace

FieldId fieldIdOf(std::string_view name) {
  if (name.empty()) return FieldId::Unknown;
  if (name.size() <= kLongestName) {
    const uint8_t id = kTable.ids[slotOf(name, kTable.multiplier)];
    if (kNames[id].size() == name.size() &&
        equalsFolded(name.data(), kTable.folded_names[id].data(), name.size()))
      return static_cast<FieldId>(id);
  }
  return familyOf(name);
}

std::string_view nameOf(FieldId id) { return kNames[static_cast<size_t>(id)]; }

NameSet NameSet::of(FieldId id, std::string_view name) {
  if (!isFamily(id)) return {.known = maskOf(id), .others = 0};
  return {.known = 0, .others = uint64_t{1} << (slotOf(name, kTable.multiplier) >> 2)};
}

Field Field::make(Arena& arena, std::string_view name, std::string_view value) {
  return makeLine(arena, fieldIdOf(name), name, value);
}

Field Field::make(Arena& arena, FieldId id, std::string_view value) {
  return makeLine(arena, id, nameOf(id), value);
}

std::optional<Field> Field::tryMake(Arena& arena, std::string_view name, std::string_view value) {
  constexpr size_t kLongestLine = UINT16_MAX;
  if (value.size() > kLongestLine || name.size() + value.size() + 4 > kLongestLine)
    return std::nullopt;
  return make(arena, name, value);
}

bool Fields::setValue(size_t index, std::string_view value, Arena& arena) {
  const auto field = Field::tryMake(arena, fields_[index].name(), value);
  if (field) replace(index, *field);
  return field.has_value();
}

const Field* Fields::find(FieldId id) const {
  if (!mayHave(maskOf(id))) return nullptr;
  for (const Field& field : *this)
    if (field.id() == id) return &field;
  return nullptr;
}

const Field* Fields::find(FieldId id, std::string_view name) const {
  if (!mayHave(maskOf(id))) return nullptr;
  for (const Field& field : *this)
    if (hasName(field, id, name)) return &field;
  return nullptr;
}

NameSet Fields::names() const {
  NameSet names{.known = present_ & ~kFamilies, .others = 0};
  if (!mayHave(kFamilies)) return names;
  for (const Field& field : *this)
    if (isFamily(field.id())) names |= NameSet::of(field.id(), field.name());
  return names;
}

size_t Fields::countOf(FieldId id) const {
  if (!mayHave(maskOf(id))) return 0;
  size_t count = 0;
  for (const Field& field : *this) count += field.id() == id;
  return count;
}

bool Fields::set(const Field& field) {
  const Field* const first = find(field.id(), field.name());
  if (first == nullptr) return add(field);
  const auto place = static_cast<size_t>(first - begin());
  fields_[place] = field;
  eraseFrom(place + 1,
            [&](const Field& other) { return hasName(other, field.id(), field.name()); });
  return true;
}

size_t Fields::erase(FieldId id) { return eraseAll(maskOf(id)); }

size_t Fields::erase(FieldId id, std::string_view name) {
  if (!isFamily(id)) return erase(id);
  if (!mayHave(maskOf(id))) return 0;
  return eraseIf([&](const Field& field) { return hasName(field, id, name); });
}

size_t Fields::eraseAll(uint64_t mask) {
  if (!mayHave(mask)) return 0;
  present_ &= ~mask;
  return eraseIf([mask](const Field& field) { return (mask & maskOf(field.id())) != 0; });
}

bool sameLines(const Fields& a, const Fields& b) {
  return std::ranges::equal(
      a, b, [](const Field& one, const Field& other) { return one.line() == other.line(); });
}

}  // namespace fairlead::http
