// cors: pages of which other origins may use what is served here, and how far (the CORS protocol of
// the Fetch standard).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "filter/filter.h"
#include "filter/ready_line.h"

namespace fairlead::filter {

extern const Section kCorsKeys;

class Cors {
 public:
  // Reads over what is there, key by key; `off`, and an origin or a list of them as short forms.
  void read(const Value& value, Diagnostics& out);

  // Nothing was ever read.
  bool empty() const { return mark_.isBuiltIn(); }
  bool isOn() const { return on_ && !origins_.empty(); }
  // Where settings stand that let nobody in, because no level names an origin.
  std::optional<Mark> lacksOrigins() const;

  // The question of a browser whether it may send a request. It asks on its own, without the
  // client's credentials.
  static bool isPreflight(const http::RequestHead& head);
  // The method that a pre-flight asks for.
  static std::string_view askedMethod(const http::RequestHead& head);
  // The answer to it, 204; to a foreign origin it allows nothing. Memory of the arena and of these
  // settings.
  Answer preflight(const http::RequestHead& head, Arena& arena) const;
  // For an allowed origin, the server's own Access-Control fields are replaced. `origin` is the
  // request's Origin, empty if it has none. False: too many fields.
  bool onResponse(http::Fields& fields, std::string_view origin, Arena& arena) const;

  // As it would be written.
  Value show() const;

 private:
  // One value of a list.
  struct Word {
    std::string text;
    Mark mark;
  };
  struct Origin {
    std::string text;  // as browsers send it
    // Of `https://*.example.com`: what stands before the star and behind it. Both empty: the text.
    std::string before;
    std::string behind;
    Mark mark;

    bool isAny() const { return text == "*"; }
    bool matches(std::string_view origin) const;
  };
  using Words = std::vector<Word>;
  enum class Kind : uint8_t { Method, Header };

  void readOrigins(const Value& value, Diagnostics& out);
  static std::optional<Origin> readOrigin(const Value& value, Diagnostics& out);
  static void readWords(const Value* value, Kind kind, std::optional<Words>& into,
                        Diagnostics& out);
  void readMaxAge(const Value* value, Diagnostics& out);
  void checkCredentials(Diagnostics& out) const;
  void prepare();

  bool allows(std::string_view origin) const;
  bool allowsAny() const;
  http::Field allowOrigin(std::string_view origin, Arena& arena) const;
  static bool isAny(const std::optional<Words>& words);

  bool on_ = false;
  Mark mark_;  // of what was read last
  std::vector<Origin> origins_;
  bool names_origins_ = false;    // valid ones or not
  std::optional<Words> methods_;  // none: the usual ones
  std::optional<Words> headers_;  // none: whatever is asked for
  std::optional<Words> expose_;
  Setting<bool> credentials_{false};
  std::optional<Setting<Duration>> max_age_;

  // What of the above is sent as it stands; empty: nothing is.
  ReadyLine methods_line_;
  ReadyLine headers_line_;
  ReadyLine expose_line_;
  ReadyLine max_age_line_;
};

}  // namespace fairlead::filter
