// The YAML library's events become a tree; its faults become findings.
#include "config/yaml.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <array>
#include <istream>
#include <streambuf>
#include <unordered_map>

#include "config/source_text.h"

namespace fairlead::config {
namespace {

constexpr size_t kMostBytes = 16 << 20;
constexpr size_t kMostNodes = 1'000'000;
constexpr size_t kMostAliasNodes = 100'000;
constexpr size_t kDeepest = 32;

struct Extent {
  size_t nodes = 1;
  size_t depth = 1;
};

Extent measure(const Value& value) {
  Extent whole;
  const auto include = [&](const Value& part) {
    const Extent extent = measure(part);
    whole.nodes += extent.nodes;
    whole.depth = std::max(whole.depth, extent.depth + 1);
  };
  for (const Value& item : value.items) include(item);
  for (const Value::Entry& entry : value.entries) include(entry.value);
  return whole;
}

Value valueOf(Value::Kind kind, Mark mark) {
  Value value;
  value.kind = kind;
  value.mark = mark;
  return value;
}

// Ends the parse after a finding that makes the rest meaningless.
struct Stop {};

// Builds the tree. One frame a collection that is open.
class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(uint32_t file, const Environment& environment, Diagnostics& out)
      : file_(file), text_(out.files[file].text), environment_(environment), out_(out) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (documents_++ == 0) return;
    out_.error(markOf(mark, 1), "a second document begins here").expected = "one document a file";
    throw Stop{};
  }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    add(valueOf(Value::Kind::Null, nullMark(mark)), anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override;
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& text) override;
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value style) override {
    open(Value::Kind::List, mark, tag, anchor);
    frames_.back().is_flow = style == YAML::EmitterStyle::Flow;
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    open(Value::Kind::Map, mark, tag, anchor);
  }
  void OnMapEnd() override { close(); }

  Value takeRoot() { return std::move(root_); }
  void reportParserFault(const YAML::Exception& fault);

 private:
  struct Frame {
    Value value;
    YAML::anchor_t anchor = 0;
    bool is_flow = false;
    std::optional<Value> key;
    std::unordered_map<std::string, Mark> seen;
  };
  struct Anchored {
    Value value;
    Extent extent;
  };

  Mark markOf(const YAML::Mark& mark, size_t length) const;
  Mark nullMark(const YAML::Mark& mark) const;
  void checkTag(const std::string& tag, Mark mark);
  void checkClosed(size_t at) const;
  void replaceIn(Value& value, size_t at);
  void open(Value::Kind kind, const YAML::Mark& mark, const std::string& tag,
            YAML::anchor_t anchor);
  void close();
  void add(Value value, YAML::anchor_t anchor);
  void addKey(Frame& frame, Value key);
  void spend(size_t nodes, size_t depth, Mark mark);
  void reportUnknownAnchor(const YAML::Exception& fault);
  void reportOpenQuote();
  void reportOpenFlow(const YAML::Exception& fault, bool is_map);

  uint32_t file_;
  std::string_view text_;
  const Environment& environment_;
  Diagnostics& out_;
  std::vector<Frame> frames_;
  std::unordered_map<YAML::anchor_t, Anchored> anchors_;
  Value root_;
  size_t documents_ = 0;
  size_t nodes_ = 0;
  size_t alias_nodes_ = 0;
  size_t last_end_ = 0;  // the byte after the last scalar
};

Mark TreeBuilder::markOf(const YAML::Mark& mark, size_t length) const {
  if (mark.line < 0) return {file_, 1, 1, 1};
  return {file_, static_cast<uint32_t>(mark.line + 1), static_cast<uint32_t>(mark.column + 1),
          static_cast<uint32_t>(length)};
}

// An empty item of a block list is marked by the library where the next thing stands: its `-` is
// better.
Mark TreeBuilder::nullMark(const YAML::Mark& mark) const {
  const bool is_block_item =
      !frames_.empty() && frames_.back().value.isList() && !frames_.back().is_flow;
  if (!is_block_item || mark.pos <= 0) return markOf(mark, 1);
  const size_t dash = text_.rfind('-', static_cast<size_t>(mark.pos) - 1);
  return dash == std::string_view::npos ? markOf(mark, 1) : markAt(file_, text_, dash, 1);
}

// The library lets a quoted text end with the file.
void TreeBuilder::checkClosed(size_t at) const {
  if (at >= text_.size() || (text_[at] != '"' && text_[at] != '\'')) return;
  for (size_t i = at + 1; i < text_.size(); ++i) {
    if (text_[i] == '\\' && text_[at] == '"')
      ++i;
    else if (text_[i] == text_[at])
      return;
  }
  out_.error(markAt(file_, text_, at, 1), "this quote is never closed");
  throw Stop{};
}

void TreeBuilder::checkTag(const std::string& tag, Mark mark) {
  if (tag.empty() || tag == "?" || tag == "!") return;
  out_.error(mark, "YAML tags (`!...`) have no meaning here").expected = "the value without a tag";
}

void TreeBuilder::spend(size_t nodes, size_t depth, Mark mark) {
  nodes_ += nodes;
  if (frames_.size() + depth > kDeepest) {
    out_.error(mark, fmt::format("this is nested deeper than {} levels", kDeepest));
    throw Stop{};
  }
  if (nodes_ > kMostNodes || alias_nodes_ > kMostAliasNodes) {
    out_.error(mark, alias_nodes_ > kMostAliasNodes
                         ? fmt::format("aliases expand to more than {} values", kMostAliasNodes)
                         : fmt::format("the file has more than {} values", kMostNodes));
    throw Stop{};
  }
}

void TreeBuilder::OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) {
  const Mark place = markOf(mark, scalarLength(text_, static_cast<size_t>(mark.pos), {}));
  const auto found = anchors_.find(anchor);
  if (found == anchors_.end()) {
    out_.error(place, "an anchor cannot contain itself");
    throw Stop{};
  }
  alias_nodes_ += found->second.extent.nodes;
  spend(found->second.extent.nodes, found->second.extent.depth, place);
  add(found->second.value, 0);
}

void TreeBuilder::OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                           const std::string& text) {
  const auto start = static_cast<size_t>(mark.pos);
  const size_t at = skipProperties(text_, start);
  const size_t length = scalarLength(text_, at, text);
  Value value = valueOf(Value::Kind::Scalar, markOf(mark, length));
  value.text = text;
  if (at > start && lineAt(text_, at).data() == lineAt(text_, start).data())
    value.mark.column += static_cast<uint32_t>(at - start);
  value.quoted = tag == "!";
  if (value.quoted) checkClosed(at);
  last_end_ = at + length;
  checkTag(tag, value.mark);
  spend(1, 0, value.mark);
  const bool is_key = !frames_.empty() && frames_.back().value.isMap() && !frames_.back().key;
  if (!is_key) replaceIn(value, at);
  add(std::move(value), anchor);
}

// Environment variables. A value that is a variable and nothing else counts as unquoted, because
// within `{ }` it cannot be written without quotes.
void TreeBuilder::replaceIn(Value& value, size_t at) {
  if (value.text.find("${") == std::string::npos) return;
  Replaced replaced = replaceVariables(value.text, environment_);
  if (!replaced.fault) {
    value.text = std::move(replaced.text);
    if (replaced.whole) value.quoted = false;
    return;
  }
  Mark mark = value.mark;
  const size_t end = at + value.mark.length;
  const size_t place = text_.find(
      std::string_view(value.text).substr(replaced.fault->offset, replaced.fault->length), at);
  if (place < end) {
    mark.column += static_cast<uint32_t>(place - at);
    mark.length = static_cast<uint32_t>(std::min(replaced.fault->length, end - place));
  }
  out_.error(mark, replaced.fault->message).expected = replaced.fault->expected;
  out_.mute(value.mark);
}

void TreeBuilder::open(Value::Kind kind, const YAML::Mark& mark, const std::string& tag,
                       YAML::anchor_t anchor) {
  const Mark place = markOf(mark, 1);
  checkTag(tag, place);
  spend(1, 1, place);
  Frame& frame = frames_.emplace_back();
  frame.value = valueOf(kind, place);
  frame.anchor = anchor;
}

void TreeBuilder::close() {
  Value value = std::move(frames_.back().value);
  const YAML::anchor_t anchor = frames_.back().anchor;
  frames_.pop_back();
  // A block mapping begins with its first key: that is what a caret should show.
  if (value.isMap() && !value.entries.empty()) {
    const Mark& first = value.entries.front().key.mark;
    if (first.line == value.mark.line && first.column == value.mark.column) value.mark = first;
  }
  add(std::move(value), anchor);
}

void TreeBuilder::add(Value value, YAML::anchor_t anchor) {
  if (anchor != 0) anchors_[anchor] = {value, measure(value)};
  if (frames_.empty()) {
    root_ = std::move(value);
    return;
  }
  Frame& frame = frames_.back();
  if (frame.value.isList()) {
    frame.value.items.push_back(std::move(value));
  } else if (!frame.key) {
    addKey(frame, std::move(value));
  } else {
    if (value.kind == Value::Kind::Null) value.mark = frame.key->mark;
    frame.value.entries.push_back({*std::move(frame.key), std::move(value)});
    frame.key.reset();
  }
}

void TreeBuilder::addKey(Frame& frame, Value key) {
  if (!key.isScalar()) {
    out_.error(key.mark, "a key must be a word").expected = "key: value";
    throw Stop{};
  }
  if (key.text == "<<" && !key.quoted) {
    out_.error(key.mark, "YAML 1.2 has no merge key `<<`").expected =
        "settings that are shared under `defaults`";
    out_.mute(key.mark);
  }
  const auto [first, is_new] = frame.seen.emplace(key.text, key.mark);
  if (!is_new) {
    Diagnostic& finding = out_.error(key.mark, fmt::format("the key `{}` stands twice", key.text));
    finding.also = first->second;
    finding.also_message = "it stands here already";
  }
  frame.key = std::move(key);
}

// --- faults of the YAML library in better words

struct Wording {
  std::string_view library;
  std::string_view message;
  std::string_view expected;
};

constexpr std::array<Wording, 13> kWordings{{
    {"illegal map value", "this `:` cannot stand here",
     "one `key: value` a line, a blank after the `:`, and quotes around a text that has a `: `"},
    {"end of map not found", "this line does not continue the mapping above it",
     "the indentation of one of the mappings above"},
    {"end of sequence not found", "this line does not continue the list above it",
     "the indentation of one of the lists above"},
    {"illegal block entry", "a `- ` cannot stand here", "list items on lines of their own"},
    {"illegal map key", "a key cannot stand here", "one `key: value` a line"},
    {"illegal flow end", "this closes nothing", "as many `]` and `}` as `[` and `{`"},
    {"alias not found after *", "`*` begins an alias", "quotes around a text that begins with `*`"},
    {"illegal character found while scanning alias", "this is no alias",
     "quotes around a text that begins with `*`"},
    {"anchor not found after &", "`&` begins an anchor",
     "quotes around a text that begins with `&`"},
    {"illegal character found while scanning anchor", "this is no anchor",
     "quotes around a text that begins with `&`"},
    {"unknown token", "a text cannot begin with this character",
     "quotes around a text that begins with `@`, `%` or a backtick"},
    {"unknown escape character", "there is no such escape",
     "\\\\ for a backslash, or single quotes"},
    {"illegal document indicator in scalar", "a document ends within a text", ""},
}};

void TreeBuilder::reportUnknownAnchor(const YAML::Exception& fault) {
  const auto at = static_cast<size_t>(fault.mark.pos);
  const size_t end = std::min(text_.find_first_of(" ,]}\r\n", at), text_.size());
  out_.error(markOf(fault.mark, end - at),
             fmt::format("unknown anchor `{}`", text_.substr(at, end - at)))
      .expected = "quotes around a text that begins with `*`";
}

void TreeBuilder::reportOpenQuote() {
  const size_t quote = std::min(text_.find_first_of("\"'", last_end_), text_.size());
  out_.error(markAt(file_, text_, quote, 1), "this quote is never closed");
}

void TreeBuilder::reportOpenFlow(const YAML::Exception& fault, bool is_map) {
  const Mark start = frames_.empty() ? Mark{file_, 1, 1, 1} : frames_.back().value.mark;
  const auto after = static_cast<size_t>(std::max(fault.mark.pos, 0));
  const bool is_end = text_.find_first_not_of(" \r\n", after) == std::string_view::npos;
  if (after == 0 || is_end) {
    out_.error(start, fmt::format("this `{}` is never closed", is_map ? '{' : '['));
    return;
  }
  Diagnostic& finding = out_.error(markOf(fault.mark, 1), "this cannot stand here");
  finding.expected = is_map ? "`,` or `}`" : "`,` or `]`";
  if (text_[after] == '{' && text_[after - 1] == '$')
    finding.expected = "quotes around ${NAME} within `{ }` and `[ ]`";
  finding.also = start;
  finding.also_message = "in what begins here";
}

void TreeBuilder::reportParserFault(const YAML::Exception& fault) {
  const std::string_view what = fault.msg;
  if (what == YAML::ErrorMsg::UNKNOWN_ANCHOR) return reportUnknownAnchor(fault);
  if (what == YAML::ErrorMsg::EOF_IN_SCALAR) return reportOpenQuote();
  if (what == YAML::ErrorMsg::END_OF_MAP_FLOW) return reportOpenFlow(fault, true);
  if (what == YAML::ErrorMsg::END_OF_SEQ_FLOW) return reportOpenFlow(fault, false);
  const Mark mark = markOf(fault.mark, 1);
  const auto at = static_cast<size_t>(std::max(fault.mark.pos, 0));
  // YAML allows it; the library does not.
  if (what == YAML::ErrorMsg::UNKNOWN_TOKEN && at < text_.size() && text_[at] == '?') {
    out_.error(mark, "a text within `{ }` and `[ ]` cannot go on with `?`").expected =
        "quotes around the whole text, such as \"/up?x=1\"";
    return;
  }
  for (const Wording& wording : kWordings) {
    if (!what.starts_with(wording.library)) continue;
    out_.error(mark, std::string(wording.message)).expected = wording.expected;
    return;
  }
  out_.error(mark, fmt::format("this is not YAML: {}", what));
}

// The text as a stream, without a copy.
class TextBuffer : public std::streambuf {
 public:
  explicit TextBuffer(std::string_view text) {
    char* start = const_cast<char*>(text.data());  // only read
    setg(start, start, start + text.size());
  }
};

}  // namespace

std::optional<Value> readYaml(uint32_t file, const Environment& environment, Diagnostics& out) {
  const std::string_view text = out.files[file].text;
  if (text.size() > kMostBytes) {
    out.error({file, 0, 0, 1}, "the file is larger than 16 MiB");
    return std::nullopt;
  }
  if (!isCleanYaml(file, out)) return std::nullopt;
  TextBuffer buffer(text);
  std::istream stream(&buffer);
  TreeBuilder builder(file, environment, out);
  try {
    YAML::Parser parser(stream);
    while (parser.HandleNextDocument(builder)) {
    }
    return builder.takeRoot();
  } catch (const Stop&) {
    return std::nullopt;  // reported already
  } catch (const YAML::Exception& fault) {
    builder.reportParserFault(fault);
  } catch (const std::exception& fault) {
    out.error({file, 0, 0, 1}, fmt::format("the file cannot be read as YAML: {}", fault.what()));
  }
  return std::nullopt;
}

}  // namespace fairlead::config
