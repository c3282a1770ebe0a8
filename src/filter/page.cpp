// Reading pages, and telling their media types.
#include "filter/page.h"

#include <algorithm>

#include "base/ascii.h"
#include "http/semantics.h"

namespace fairlead::filter {
namespace {

constexpr Key kKeys[] = {
    {"body", "text", "", "the text of the answer; placeholders have values"},
    {"file", "file_name", "", "a file with the text, at most 1 MiB, read with the configuration"},
    {"content_type", "text", "", "the media type; without it, it is told by the text or the file"},
};

constexpr std::string_view kHtml = "text/html; charset=utf-8";
constexpr std::string_view kJson = "application/json";
constexpr std::string_view kPlain = "text/plain; charset=utf-8";

struct FileType {
  std::string_view ending;
  std::string_view type;
};
constexpr FileType kFileTypes[] = {
    {"html", kHtml},
    {"htm", kHtml},
    {"txt", kPlain},
    {"json", kJson},
    {"xml", "application/xml"},
    {"css", "text/css; charset=utf-8"},
    {"js", "text/javascript; charset=utf-8"},
    {"mjs", "text/javascript; charset=utf-8"},
    {"csv", "text/csv; charset=utf-8"},
    {"md", "text/markdown; charset=utf-8"},
    {"webmanifest", "application/manifest+json"},
    {"svg", "image/svg+xml"},
    {"png", "image/png"},
    {"jpg", "image/jpeg"},
    {"jpeg", "image/jpeg"},
    {"gif", "image/gif"},
    {"webp", "image/webp"},
    {"avif", "image/avif"},
    {"ico", "image/x-icon"},
    {"pdf", "application/pdf"},
    {"woff2", "font/woff2"},
};

std::string_view typeOfFile(std::string_view name) {
  const std::string_view last = name.substr(name.rfind('/') + 1);
  const size_t dot = last.rfind('.');
  const std::string ending =
      dot == std::string_view::npos ? std::string() : ascii::lowered(last.substr(dot + 1));
  const auto* const found = std::ranges::find(kFileTypes, ending, &FileType::ending);
  return found == std::end(kFileTypes) ? "application/octet-stream" : found->type;
}

// The two first characters that are not blank; `{{` is a brace.
std::string beginningOf(std::string_view text) {
  std::string beginning;
  if (const size_t first = text.find_first_not_of(" \t\r\n"); first != std::string_view::npos)
    text.remove_prefix(first);
  if (text.starts_with("{{")) text.remove_prefix(1);
  for (const char c : text) {
    if (c != ' ' && c != '\t' && c != '\r' && c != '\n') beginning += c;
    if (beginning.size() == 2) break;
  }
  return beginning;
}

std::string_view typeOfText(std::string_view text) {
  static constexpr std::string_view kJsonBeginnings[] = {"{}", "{\"", "[]", "[\"", "[{", "[["};
  const std::string beginning = beginningOf(text);
  if (beginning.starts_with('<')) return kHtml;
  return std::ranges::find(kJsonBeginnings, beginning) != std::end(kJsonBeginnings) ? kJson
                                                                                    : kPlain;
}

Place placeIn(std::string_view content_type) {
  const std::string type =
      ascii::lowered(ascii::trim(content_type.substr(0, content_type.find(';'))));
  const auto isOf = [&](std::string_view kind) {
    return type.ends_with("/" + std::string(kind)) || type.ends_with("+" + std::string(kind));
  };
  if (isOf("html") || isOf("xml")) return Place::Html;
  if (isOf("json") || isOf("javascript")) return Place::Json;
  return Place::Text;
}

bool isMediaType(std::string_view text) {
  constexpr size_t kLongest = 255;
  const std::string_view type = ascii::trim(text.substr(0, text.find(';')));
  const size_t slash = type.find('/');
  return slash != std::string_view::npos && http::isToken(type.substr(0, slash)) &&
         http::isToken(type.substr(slash + 1)) && http::isFieldValue(text) &&
         text.size() <= kLongest;
}

}  // namespace

const Section kPageKeys{"page", "a page", kKeys};

void Page::read(Settings& settings, const PageTerms& terms) {
  Diagnostics& out = settings.diagnostics();
  const Value* const body = settings.take("body");
  const Value* const file = settings.take("file");
  if (const Value* type = settings.take("content_type")) readType(*type, out);
  if (body && file) {
    Diagnostic& finding = out.error(file->mark, "there is a body already");
    finding.expected = "`body` or `file`";
    finding.also = body->mark;
    finding.also_message = "it stands here";
  } else if (file) {
    readFile(*file, terms, out);
  } else if (body) {
    readBody(*body, terms, out);
  }
}

void Page::readShort(const Value& value, const PageTerms& terms, Diagnostics& out) {
  if (value.isScalar() && value.text.starts_with('@'))
    readFile(value, terms, out);
  else
    readBody(value, terms, out);
}

void Page::readType(const Value& value, Diagnostics& out) {
  const auto text = readString(value, out);
  if (!text) return;
  if (!isMediaType(*text)) {
    out.error(value.mark, "`" + *text + "` is not a media type").expected =
        "a type such as text/plain or application/json";
    return;
  }
  content_type_ = *text;
  type_mark_ = value.mark;
}

void Page::readBody(const Value& value, const PageTerms& terms, Diagnostics& out) {
  const auto text = readString(value, out);
  if (!text) return;
  mark_ = value.mark;
  if (!type_mark_) content_type_ = typeOfText(*text);
  if (auto body = Template::parse(*text, mark_, placeIn(content_type_), out, terms.allowed))
    body_ = std::make_shared<const Template>(*std::move(body));
}

void Page::readFile(const Value& value, const PageTerms& terms, Diagnostics& out) {
  const auto name = readString(value, out);
  if (!name) return;
  mark_ = value.mark;
  file_ = name->starts_with('@') ? name->substr(1) : *name;
  if (!type_mark_) content_type_ = typeOfFile(file_);
  const Diagnostics::File* const file = namedFile(value, out);
  if (!file) {
    if (!out.hasErrors()) out.error(value.mark, "cannot read `" + file_ + "`");
  } else if (!terms.fills_files) {
    body_ = std::make_shared<const Template>(file->text);
  } else if (auto body =
                 Template::parse(file->text, mark_, placeIn(content_type_), out, terms.allowed)) {
    body_ = std::make_shared<const Template>(*std::move(body));
  }
}

std::string_view Page::render(const Scene& scene) const {
  return body_ ? body_->render(scene) : std::string_view();
}

void Page::showInto(Value& mapping) const {
  if (!file_.empty())
    mapping.put("file", Value::scalar(file_, mark_));
  else if (body_)
    mapping.put("body", Value::scalar(body_->source(), mark_));
  if (type_mark_) mapping.put("content_type", Value::scalar(content_type_, *type_mark_));
}

Value Page::show() const {
  if (!type_mark_ && !file_.empty()) return Value::scalar("@" + file_, mark_);
  if (!type_mark_ && body_ && !body_->source().starts_with('@')) {
    Value text = Value::scalar(body_->source(), mark_);
    text.quoted = true;  // it may say `off`
    return text;
  }
  Value mapping = Value::map(mark_);
  showInto(mapping);
  return mapping;
}

}  // namespace fairlead::filter
