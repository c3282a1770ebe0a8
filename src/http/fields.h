// Header and trailer fields (RFC 9110 section 5): each field is one wire line, kept by view.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "base/arena.h"
#include "base/ascii.h"

namespace fairlead::http {

// Field names that fairlead itself acts on. Fewer than 64, so that a head's known fields fit one
// mask.
enum class FieldId : uint8_t {
  Unknown = 0,
  AcceptEncoding,
  Accept,
  Age,
  Authorization,
  CacheControl,
  Connection,
  ContentEncoding,
  ContentLength,
  ContentLocation,
  ContentType,
  Cookie,
  Date,
  ETag,
  Expect,
  Forwarded,
  Host,
  KeepAlive,
  LastModified,
  Location,
  MaxForwards,
  Origin,
  ProxyAuthenticate,
  ProxyAuthorization,
  ProxyConnection,
  ProxyOther,  // any other name that begins with Proxy-
  Range,
  Referer,
  RetryAfter,
  Server,
  SetCookie,
  Te,
  Trailer,
  TransferEncoding,
  Upgrade,
  UserAgent,
  Vary,
  Via,
  WwwAuthenticate,
  XForwardedFor,
  XForwardedHost,
  XForwardedPort,
  XForwardedProto,
  XForwardedOther,  // any other name that begins with X-Forwarded-
  XRealIp,
  XRequestId,
  Count
};
static_assert(static_cast<int>(FieldId::Count) <= 64);

constexpr uint64_t maskOf(FieldId id) { return uint64_t{1} << static_cast<unsigned>(id); }
template <typename... Ids>
constexpr uint64_t maskOf(FieldId first, Ids... rest) {
  return maskOf(first) | maskOf(rest...);
}

// Ids that stand for many names: only the name itself tells two of them apart.
inline constexpr uint64_t kFamilies =
    maskOf(FieldId::Unknown, FieldId::ProxyOther, FieldId::XForwardedOther);
constexpr bool isFamily(FieldId id) { return (maskOf(id) & kFamilies) != 0; }

// The id of a token in any letter case; constant time (its first and last bytes choose one
// candidate).
FieldId fieldIdOf(std::string_view name);
// The usual spelling of a known name ("Content-Length"); empty for Unknown and for the ids of
// families (ProxyOther, XForwardedOther).
std::string_view nameOf(FieldId id);

// Field names, as bits: exact for those with an id of their own. Others share 64 bits by a hash, so
// that a name may seem to be in the set and is not; one that seems not to be, never is.
struct NameSet {
  uint64_t known = 0;   // maskOf, without the families
  uint64_t others = 0;  // the bits of members of families

  // Of one name, which is a token, with its id.
  static NameSet of(FieldId id, std::string_view name);
  static constexpr NameSet all() { return {~uint64_t{0}, ~uint64_t{0}}; }

  bool mayShare(const NameSet& names) const {
    return ((known & names.known) | (others & names.others)) != 0;
  }
  NameSet& operator|=(const NameSet& names) {
    known |= names.known;
    others |= names.others;
    return *this;
  }
};

// One field as the line it is on the wire, "name:OWS value OWS CRLF". A view: the line belongs to
// the receive buffer, to the exchange's arena, or to the configuration.
class Field {
 public:
  // Bytes of a line with its CRLF, which its offsets can describe.
  static constexpr size_t kLongestLine = UINT16_MAX;

  Field() = default;
  Field(const char* line, uint16_t name_length, uint16_t value_begin, uint16_t value_length,
        uint16_t line_length, FieldId id)
      : line_(line),
        name_length_(name_length),
        value_begin_(value_begin),
        value_length_(value_length),
        line_length_(line_length),
        id_(id) {}

  // Renders "name: value\r\n" into the arena. Name and value must be valid (RFC 9110 section 5.5),
  // and the line no longer than kLongestLine.
  static Field make(Arena& arena, std::string_view name, std::string_view value);
  static Field make(Arena& arena, FieldId id, std::string_view value);  // of no family
  // Of a line as `make` renders it, with the name's id.
  static Field ofLine(std::string_view line, size_t name_length, FieldId id) {
    constexpr size_t kBeside = 4;  // ": " and CRLF
    return {line.data(),
            static_cast<uint16_t>(name_length),
            static_cast<uint16_t>(name_length + 2),
            static_cast<uint16_t>(line.size() - name_length - kBeside),
            static_cast<uint16_t>(line.size()),
            id};
  }
  // As `make`, for a value of any length; nothing when name and value are too long together.
  static std::optional<Field> tryMake(Arena& arena, std::string_view name, std::string_view value);

  std::string_view name() const { return {line_, name_length_}; }
  std::string_view value() const { return {line_ + value_begin_, value_length_}; }
  std::string_view line() const { return {line_, line_length_}; }
  FieldId id() const { return id_; }
  // Is this its name, in any letter case? `id` is fieldIdOf(name); where that is of no family it
  // says all, and the name itself is not looked at.
  bool isNamed(FieldId id, std::string_view name) const {
    return id_ == id && (!isFamily(id) || ascii::equalsIgnoreCase(this->name(), name));
  }

 private:
  const char* line_ = nullptr;
  uint16_t name_length_ = 0;
  uint16_t value_begin_ = 0;
  uint16_t value_length_ = 0;
  uint16_t line_length_ = 0;
  FieldId id_ = FieldId::Unknown;
};

// The fields of one head, in order. Fixed capacity, no heap; erasing keeps the order.
class Fields {
 public:
  static constexpr size_t kCapacity = 192;

  void clear() {
    count_ = 0;
    present_ = 0;
  }
  // Becomes a copy; only what is in use is copied.
  void assign(const Fields& other) {
    std::copy_n(other.fields_.begin(), other.count_, fields_.begin());
    count_ = other.count_;
    present_ = other.present_;
  }
  // False when full: the caller answers 431 (client), 502 (server) or 500 (own rules).
  bool add(const Field& field) {
    if (count_ == kCapacity) return false;
    fields_[count_++] = field;
    present_ |= maskOf(field.id());
    return true;
  }

  // Puts another field in the place of this one.
  void replace(size_t index, const Field& field) {
    fields_[index] = field;
    present_ |= maskOf(field.id());
  }
  // Gives a field another value. False: the line would be longer than a field can be.
  bool setValue(size_t index, std::string_view value, Arena& arena);

  size_t size() const { return count_; }
  const Field* begin() const { return fields_.data(); }
  const Field* end() const { return fields_.data() + count_; }
  const Field& operator[](size_t i) const { return fields_[i]; }

  // May be true for a known id after all of its fields were erased through `eraseIf` by name.
  bool mayHave(uint64_t mask) const { return (present_ & mask) != 0; }
  // All names that are there; what was erased may still seem to be.
  NameSet names() const;
  // First field of that name, or nullptr. An `id` beside a name is fieldIdOf(name).
  const Field* find(FieldId id) const;
  const Field* find(FieldId id, std::string_view name) const;
  const Field* find(std::string_view name) const { return find(fieldIdOf(name), name); }
  // The first field's value, or an empty view.
  std::string_view valueOf(FieldId id) const {
    const Field* field = find(id);
    return field ? field->value() : std::string_view{};
  }
  size_t countOf(FieldId id) const;
  // Of a field that may be there once. `field`: the first, or nullptr.
  struct Only {
    const Field* field = nullptr;
    bool several = false;  // it is not the only one
  };
  Only findOnly(FieldId id) const {
    Only only;
    for (const Field& field : *this) {
      if (field.id() != id) continue;
      if (only.field != nullptr) return {only.field, true};
      only.field = &field;
    }
    return only;
  }

  // Replaces all fields of the same name by this one, at the place of the first; else appends.
  // False when that needs more room than there is.
  bool set(const Field& field) {
    return mayHave(maskOf(field.id())) ? replaceOrAdd(field) : add(field);
  }
  size_t erase(FieldId id);
  size_t erase(FieldId id, std::string_view name);
  size_t erase(std::string_view name) { return erase(fieldIdOf(name), name); }
  // Erases all known ids of the mask in one pass; costs one test when none is present.
  size_t eraseAll(uint64_t mask);
  template <typename Predicate>
  size_t eraseIf(Predicate predicate) {
    return eraseFrom(0, predicate);
  }

 private:
  // What `set` does when there may be fields of that name.
  bool replaceOrAdd(const Field& field);
  // Those before `first` stay, whatever they are.
  template <typename Predicate>
  size_t eraseFrom(size_t first, Predicate predicate) {
    size_t kept = first;
    for (size_t i = first; i < count_; ++i)
      if (!predicate(fields_[i])) fields_[kept++] = fields_[i];
    const size_t erased = count_ - kept;
    count_ = static_cast<uint32_t>(kept);
    return erased;
  }

  uint64_t present_ = 0;
  uint32_t count_ = 0;
  std::array<Field, kCapacity> fields_;
};

// Do both heads send the same lines?
bool sameLines(const Fields& a, const Fields& b);

}  // namespace fairlead::http
