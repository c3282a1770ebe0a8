// HTTP messages as values: the heads that every room above reads and edits.
#pragma once

#include <cstdint>
#include <string_view>

#include "http/fields.h"
#include "http/target.h"

namespace fairlead::http {

enum class Method : uint8_t { Get, Head, Post, Put, Delete, Connect, Options, Trace, Patch, Other };
enum class Version : uint8_t { Http10, Http11 };

// RFC 9110 section 9.2.2; an unknown method is neither safe nor idempotent.
constexpr bool isIdempotent(Method method) {
  return method != Method::Post && method != Method::Patch && method != Method::Connect &&
         method != Method::Other;
}

Method methodOf(std::string_view text);

// All views are valid as long as the buffer and the arena that they were parsed into.
struct RequestHead {
  Method method = Method::Get;
  Version version = Version::Http11;
  std::string_view method_text;
  std::string_view raw_target;  // as received
  Target target;                // what rules read and rewrite, and what is sent
  std::string_view authority;   // effective: of an absolute target, else of Host; as received
  std::string_view host;        // canonicalHost(authority): what routing matches
  Fields fields;
  uint16_t dropped_fields = 0;  // names with '_', which never reach anybody

  void clear();
};

struct ResponseHead {
  Version version = Version::Http11;
  uint16_t status = 0;
  std::string_view reason;  // may be empty
  Fields fields;

  void clear();
};

// The reason phrase of RFC 9110 section 15, or "".
std::string_view reasonOf(uint16_t status);

}  // namespace fairlead::http
