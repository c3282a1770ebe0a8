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
constexpr uint64_t kFold = 0x2020202020202020;  // makes letters small; '-' and digits stay

// Some bytes of a name as a number, letters small; made by one load.
template <typename Word>
constexpr Word foldedAt(const char* text) {
  Word word = 0;
  for (size_t i = 0; i < sizeof word; ++i)
    word |= static_cast<Word>(static_cast<unsigned char>(text[i])) << (8 * i);
  return word | static_cast<Word>(kFold);
}

// The first and the last four bytes, which tell all known names of one length apart; of three and
// fewer, all.
constexpr uint64_t endsOf(std::string_view name) {
  const char* const text = name.data();
  const size_t size = name.size();
  if (size >= 4)
    return foldedAt<uint32_t>(text) | uint64_t{foldedAt<uint32_t>(text + size - 4)} << 32;
  return foldedAt<uint8_t>(text) | uint64_t{foldedAt<uint8_t>(text + size / 2)} << 8 |
         uint64_t{foldedAt<uint8_t>(text + size - 1)} << 16;
}

struct KnownName {
  uint64_t ends = 0;
  std::array<char, 24> folded{};
  uint8_t size = 0;
};

struct NameTable {
  uint64_t multiplier = 0x691FE676D7484AF1;  // the search begins where it ended with these names
  std::array<uint8_t, 256> ids{};
  std::array<KnownName, kIdCount> names{};

  constexpr size_t slotOf(uint64_t ends, size_t size) const {
    return ((ends + size) * multiplier) >> 56;
  }
};

constexpr bool fill(NameTable& table) {
  table.ids = {};
  for (size_t id = 1; id < kIdCount; ++id) {
    if (kNames[id].empty()) continue;
    uint8_t& slot = table.ids[table.slotOf(table.names[id].ends, table.names[id].size)];
    if (slot != 0) return false;
    slot = static_cast<uint8_t>(id);
  }
  return true;
}

// Tries odd multipliers until no two names share a slot.
consteval NameTable makeTable() {
  NameTable table;
  for (size_t id = 1; id < kIdCount; ++id) {
    if (kNames[id].empty()) continue;
    table.names[id] = {.ends = endsOf(kNames[id]), .size = static_cast<uint8_t>(kNames[id].size())};
    for (size_t i = 0; i < kNames[id].size(); ++i)
      table.names[id].folded[i] = static_cast<char>(foldedAt<uint8_t>(&kNames[id][i]));
  }
  while (!fill(table)) table.multiplier = table.multiplier * 6364136223846793005 + 2;
  return table;
}

constexpr NameTable kTable = makeTable();

// Of 8 to 24 bytes: three words, which overlap. `folded` has been folded already.
inline bool sameWords(const char* text, const char* folded, size_t size) {
  const auto difference = [&](size_t at) {
    return foldedAt<uint64_t>(text + at) ^ foldedAt<uint64_t>(folded + at);
  };
  return (difference(0) | difference((size - 8) / 2) | difference(size - 8)) == 0;
}

// Are the ends, which are the same, all that there is, or is the rest the same as well?
inline bool isName(std::string_view text, const KnownName& known) {
  return text.size() == known.size &&
         (text.size() <= 8 || sameWords(text.data(), known.folded.data(), text.size()));
}

constexpr char kForwardedPrefix[] = "x-forwarded-";
constexpr char kProxyPrefix[] = "proxy-";

template <size_t N>
bool beginsWith(std::string_view name, const char (&prefix)[N]) {
  return name.size() >= N && ascii::equalsIgnoreCase(name.substr(0, N - 1), {prefix, N - 1});
}

FieldId familyOf(std::string_view name) {
  const char first = ascii::lower(name.front());
  if (first == 'x' && beginsWith(name, kForwardedPrefix)) return FieldId::XForwardedOther;
  if (first == 'p' && beginsWith(name, kProxyPrefix)) return FieldId::ProxyOther;
  return FieldId::Unknown;
}

Field makeLine(Arena& arena, FieldId id, std::string_view name, std::string_view value) {
  const std::string_view line =
      arena.join(name, std::string_view(": "), value, std::string_view("\r\n"));
  return Field::ofLine(line, name.size(), id);
}

}  // namespace

FieldId fieldIdOf(std::string_view name) {
  if (name.empty()) return FieldId::Unknown;
  if (name.size() > kLongestName) return familyOf(name);
  const uint64_t ends = endsOf(name);
  const uint8_t id = kTable.ids[kTable.slotOf(ends, name.size())];
  const KnownName& known = kTable.names[id];
  if (known.ends == ends && isName(name, known)) return static_cast<FieldId>(id);
  return familyOf(name);
}

std::string_view nameOf(FieldId id) { return kNames[static_cast<size_t>(id)]; }

NameSet NameSet::of(FieldId id, std::string_view name) {
  if (!isFamily(id)) return {.known = maskOf(id), .others = 0};
  return {.known = 0, .others = uint64_t{1} << (kTable.slotOf(endsOf(name), name.size()) >> 2)};
}

Field Field::make(Arena& arena, std::string_view name, std::string_view value) {
  return makeLine(arena, fieldIdOf(name), name, value);
}

Field Field::make(Arena& arena, FieldId id, std::string_view value) {
  return makeLine(arena, id, nameOf(id), value);
}

std::optional<Field> Field::tryMake(Arena& arena, std::string_view name, std::string_view value) {
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
    if (field.isNamed(id, name)) return &field;
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

bool Fields::replaceOrAdd(const Field& field) {
  const Field* const first = find(field.id(), field.name());
  if (first == nullptr) return add(field);
  const auto place = static_cast<size_t>(first - begin());
  fields_[place] = field;
  eraseFrom(place + 1, [&](const Field& other) { return other.isNamed(field.id(), field.name()); });
  return true;
}

size_t Fields::erase(FieldId id) { return eraseAll(maskOf(id)); }

size_t Fields::erase(FieldId id, std::string_view name) {
  if (!isFamily(id)) return erase(id);
  if (!mayHave(maskOf(id))) return 0;
  return eraseIf([&](const Field& field) { return field.isNamed(id, name); });
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
