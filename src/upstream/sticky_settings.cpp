// Reading `sticky`.
#include "upstream/sticky_settings.h"

#include <fmt/format.h>

#include "http/cookies.h"

namespace fairlead::upstream {
namespace {

constexpr Key kSticky[] = {
    {"cookie", "text", "",
     "the name of a cookie that fairlead sets, and takes away again on the "
     "way to the server"},
    {"secret", "text", "",
     "signs that cookie, at least 16 characters; without it: a secret that "
     "is kept in the folder `state`"},
    {"learn", "text", "",
     "instead of `cookie`: the name of a cookie that the servers set "
     "themselves, such as JSESSIONID"},
};

// The cookie in which clients of a `split` keep their pool.
constexpr std::string_view kTaken = "fairlead_split";

void readName(const Value* value, Setting<std::string>& into, Diagnostics& out) {
  if (value == nullptr) return;
  const auto name = readString(*value, out);
  if (!name) return;
  if (*name == kTaken)
    out.error(value->mark, fmt::format("`{}` is the cookie of `split`", kTaken)).expected =
        "another name";
  else if (http::isCookieName(*name))
    into = {*name, value->mark};
  else
    out.error(value->mark, fmt::format("`{}` is not the name of a cookie", *name)).expected =
        "letters, digits and -_.!#$%&'*+^`|~";
}

// What was given as a secret is not repeated.
void readSecret(const Value* value, Setting<std::string>& into, Diagnostics& out) {
  if (value == nullptr) return;
  auto secret = readString(*value, out);
  if (!secret) return;
  if (secret->size() >= StickySettings::kShortestSecret)
    into = {*std::move(secret), value->mark};
  else
    out.error(value->mark, fmt::format("a secret of {} characters can be guessed", secret->size()))
        .expected = fmt::format("at least {} characters", StickySettings::kShortestSecret);
}

// The keys go together as they should.
bool judge(const Value& value, Diagnostics& out) {
  const Value::Entry* cookie = value.findEntry("cookie");
  const Value::Entry* learn = value.findEntry("learn");
  const Value::Entry* secret = value.findEntry("secret");
  if (cookie != nullptr && learn != nullptr) {
    Diagnostic& finding = out.error(learn->key.mark, "`learn` and `cookie` exclude each other");
    finding.expected = "a cookie of fairlead's own, or one that the servers set";
    finding.also = cookie->key.mark;
    finding.also_message = "the other one";
    return false;
  }
  if (cookie == nullptr && secret != nullptr)
    out.error(secret->key.mark, "there is no cookie to sign").expected =
        "`cookie: NAME` beside `secret`";
  else if (cookie == nullptr && learn == nullptr)
    out.error(value.mark, "this does not say what a client is known by").expected =
        "cookie: NAME, or learn: NAME";
  return true;
}

}  // namespace

const Section kStickyKeys{"sticky", "sticky", kSticky};

void StickySettings::read(const Value& value, Diagnostics& out) {
  *this = StickySettings();
  cookie.origin = value.mark;
  if (value.isOff()) return;
  Settings settings(value, kStickyKeys, out);
  const Value* own = settings.take("cookie");
  const Value* signing = settings.take("secret");
  const Value* theirs = settings.take("learn");
  settings.finish();
  if (!value.isMap() || !judge(value, out)) return;
  readName(own, cookie, out);
  readSecret(signing, secret, out);
  readName(theirs, learn, out);
}

}  // namespace fairlead::upstream
