// A configured text with placeholders such as `{client_ip}`: parsed once, rendered for each
// request.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "filter/escape.h"
#include "filter/filter.h"

namespace fairlead::filter {

// Where the text ends up decides how the values of placeholders are written into it. The configured
// text itself is taken as it stands.
enum class Place : uint8_t {
  Field,     // a header field's value: controls become %XX, HTAB too
  Cookie,    // a cookie's value: everything but cookie-octets becomes %XX
  Path,      // a path: what comes from the path stays, all else is percent-encoded but unreserved
  Uri,       // path and query: as Path, and what comes from the query stays as well
  Param,     // a parameter's value: everything but unreserved is percent-encoded, the text as well
  Location,  // a URI for the client: {host}, {path}, {query}, {uri}, captures stay; all else is
             // encoded; an empty {query} takes a `?` before it along
  Text,      // a body of plain text: as it is, but CR, LF and NUL become %XX
  Html,      // & < > " ' become character references
  Json,      // within a JSON string: escaped
  Token,     // method or host: controls become %XX; whoever renders it checks the result
};
// "Stays" means for paths and URIs: but for bytes outside of printable ASCII and "<>\^`{|}#, which
// become %XX.

// What a text must know before it can be rendered.
struct Needs {
  bool request = false;   // Scene::request must be filled; always set when one below is
  bool captures = false;  // the route's path_regex
  bool server = false;    // the chosen server
  bool fields = false;    // header fields or cookies of the request
  bool time = false;      // the wall clock

  Needs& operator|=(const Needs& other) {
    request |= other.request;
    captures |= other.captures;
    server |= other.server;
    fields |= other.fields;
    time |= other.time;
    return *this;
  }
};

// What may stand in a template beside what always may.
struct Allowed {
  bool server = true;  // false: `{server}` is an error, since none will have been chosen
  int own_captures =
      -1;               // 0 and more: `{capture.N}` is the rule's own match, with this many groups
  bool pool = true;     // false: `{pool}` is an error
  bool answer = false;  // true: `{status}` and `{reason}`, those of RequestFacts::status
};

// What a part of a template stands for.
enum class Placeholder : uint8_t {
  Text,  // none: the configured text itself
  ClientIp,
  ClientPort,
  Scheme,
  Host,
  Port,
  Method,
  Path,
  Query,
  QueryWithMark,  // the query and its `?`: the second half of {uri}
  RequestId,
  Route,
  Pool,
  Server,
  Header,
  Cookie,
  Param,
  Capture,     // of the route's path_regex
  OwnCapture,  // of the rule's own regex
  Time,
  Status,
  Reason,
};

class Template {
 public:
  Template() = default;
  // A text without placeholders.
  explicit Template(std::string text);
  // Reports unknown placeholders with the nearest known one, and a capture that cannot be. `{{` is
  // a brace; a brace that begins no name, as in JSON, is itself.
  static std::optional<Template> read(const Value& value, Place place, Diagnostics& out,
                                      Allowed allowed = {});
  // The same for a text that is no value of its own; `at` is where it is said to stand.
  static std::optional<Template> parse(std::string_view text, Mark at, Place place,
                                       Diagnostics& out, Allowed allowed = {});

  bool isConstant() const { return parts_.empty(); }
  // What a constant renders to: `{{` is resolved, a parameter's value is encoded.
  const std::string& constant() const { return text_; }
  // As written; read again, it gives the same template.
  const std::string& source() const { return source_; }
  const Needs& needs() const { return needs_; }
  // Largest N of `{capture.N}` that is not the rule's own, or -1.
  int highestCapture() const { return highest_capture_; }

  // Memory of the scene's arena, or of the template when it is constant. Never holds CR, LF or NUL
  // that came from a request, whatever the place. `own` is the rule's own match: the whole of it,
  // then its groups.
  std::string_view render(const Scene& scene, std::span<const std::string_view> own = {}) const {
    return isConstant() ? std::string_view(text_) : renderBetween({}, {}, scene, own);
  }
  // The same between two texts, as one piece of the scene's arena. For what is not constant.
  std::string_view renderBetween(std::string_view before, std::string_view after,
                                 const Scene& scene,
                                 std::span<const std::string_view> own = {}) const;

 private:
  class Parser;
  struct Part {
    Placeholder kind = Placeholder::Text;
    Escape escape = Escape::LineBreaks;
    // What goes when the {query} behind this text, or before it, is empty.
    bool drops_last = false;
    bool drops_first = false;
    uint16_t index = 0;  // of a capture
    std::string text;    // the text, or the name of a header field, cookie or parameter
  };

  static std::string_view valueOf(const Part& part, const Scene& scene,
                                  std::span<const std::string_view> own);
  std::string_view textBeside(size_t index, const Scene& scene) const;

  std::string text_;
  std::string source_;
  std::vector<Part> parts_;
  Needs needs_;
  int highest_capture_ = -1;
};

}  // namespace fairlead::filter
