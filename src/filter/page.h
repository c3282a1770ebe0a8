// The body that the configuration gives for an answer: a text or a file, and its media type.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "filter/template.h"

namespace fairlead::filter {

// body, file, content_type: the keys of whatever has a page.
extern const Section kPageKeys;

// How the text of a page is read.
struct PageTerms {
  Allowed allowed;  // in its placeholders
  // Placeholders in a file have values; else a file is sent as it is.
  bool fills_files = false;
};

// Copies share the text. Where none is said, the media type is told by the file's name; of a text,
// by how it begins: `<` is HTML; `{}`, `{"`, `[]`, `["`, `[{` and `[[` are JSON, blanks aside;
// all else is plain. Placeholders in HTML and XML are escaped for it, those in JSON and JavaScript
// as within a JSON string.
class Page {
 public:
  // Takes the keys out of a mapping that has them.
  void read(Settings& settings, const PageTerms& terms);
  // The short form: a text, or `"@file"`.
  void readShort(const Value& value, const PageTerms& terms, Diagnostics& out);

  bool hasBody() const { return body_ != nullptr; }
  // Where the body or the file stands.
  const Mark& mark() const { return mark_; }
  // Memory of the page, or of the scene's arena if it has placeholders.
  std::string_view render(const Scene& scene) const;
  // Empty when nothing says it: without a body and a type.
  std::string_view contentType() const { return content_type_; }
  Needs needs() const { return body_ ? body_->needs() : Needs(); }
  int highestCapture() const { return body_ ? body_->highestCapture() : -1; }

  // Puts the keys into a mapping, as they were written.
  void showInto(Value& mapping) const;
  // The short form where that says it all, else a mapping.
  Value show() const;

 private:
  void readType(const Value& value, Diagnostics& out);
  void readBody(const Value& value, const PageTerms& terms, Diagnostics& out);
  void readFile(const Value& value, const PageTerms& terms, Diagnostics& out);

  std::shared_ptr<const Template> body_;
  std::string file_;  // as written, without `@`; empty: a text
  Mark mark_;
  std::string content_type_;
  std::optional<Mark> type_mark_;  // where it stands, if it does
};

}  // namespace fairlead::filter
