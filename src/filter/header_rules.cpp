// header_rules, read into lines that are ready to send and applied to request heads.
#include "filter/header_rules.h"

#include <algorithm>

#include "base/ascii.h"
#include "filter/entries.h"
#include "http/semantics.h"

namespace fairlead::filter {
namespace {

using http::FieldId;

constexpr Key kKeys[] = {
    {"add", "{text}", "", "sets fields, replacing what is there"},
    {"append", "{text}", "", "adds a field beside those of its name"},
    {"set_if_missing", "{text}", "", "sets fields that are not there"},
    {"remove", "text... | {any}", "", "removes fields"},
    {"rename", "later", "", ""},
    {"replace", "later", "", ""},
    {"response", "later", "", ""},
};

constexpr size_t kLongestLine = 8192;

constexpr uint64_t kFraming = http::maskOf(FieldId::ContentLength, FieldId::TransferEncoding,
                                           FieldId::Trailer, FieldId::Expect);
constexpr uint64_t kHopByHop =
    http::maskOf(FieldId::Connection, FieldId::KeepAlive, FieldId::Te, FieldId::Upgrade);

bool isProxyField(std::string_view name) {
  static constexpr std::string_view kPrefix = "proxy-";
  return name.size() > kPrefix.size() &&
         ascii::equalsIgnoreCase(name.substr(0, kPrefix.size()), kPrefix);
}

// May rules touch a field of this name? Reports why not.
bool checkName(const Value& name, Diagnostics& out) {
  const uint64_t id = http::maskOf(http::fieldIdOf(name.text));
  if (!http::isToken(name.text)) {
    out.error(name.mark, "`" + name.text + "` is not the name of a header field").expected =
        "letters, digits and -_.!#$%&'*+^`|~";
    return false;
  }
  if ((id & kFraming) != 0) {
    out.error(name.mark,
              "`" + name.text + "` cannot be changed by rules: fairlead sets it to fit the body");
    return false;
  }
  if ((id & kHopByHop) != 0 || isProxyField(name.text)) {
    out.error(name.mark,
              "`" + name.text +
                  "` cannot be changed by rules: it belongs to one connection, not to the request");
    return false;
  }
  return true;
}

std::optional<std::string> readFieldValue(const Value::Entry& entry, Diagnostics& out) {
  const auto text = readText(entry.value, out);
  if (!text) return std::nullopt;
  std::string value(ascii::trim(*text));
  if (!value.empty() && !http::isFieldValue(value)) {
    out.error(entry.value.mark, "a header value cannot hold line breaks or control characters");
  } else if (entry.key.text.size() + value.size() + 4 > kLongestLine) {
    out.error(entry.value.mark, "this header field is longer than 8 KiB");
  } else if (http::fieldIdOf(entry.key.text) == FieldId::Host && !http::isValidAuthority(value)) {
    out.error(entry.value.mark, "`" + value + "` is not a host").expected =
        "a host name or address, with a port if needed";
  } else {
    return value;
  }
  return std::nullopt;
}

}  // namespace

const Section kHeaderRuleKeys{"header_rules", "header_rules", kKeys};

void HeaderRules::read(const Value& value, Diagnostics& out) {
  Settings settings(value, kHeaderRuleKeys, out);
  readRemove(settings.take("remove"), out);
  readAdd(settings.take("add"), Mode::Set, out);
  readAdd(settings.take("append"), Mode::Append, out);
  readAdd(settings.take("set_if_missing"), Mode::SetIfMissing, out);
  settings.finish();
  const bool sets_host = std::ranges::any_of(
      add_, [](const Add& rule) { return rule.id == FieldId::Host && rule.mode == Mode::Set; });
  if (sets_host) removes_host_ = false;
}

void HeaderRules::readAdd(const Value* value, Mode mode, Diagnostics& out) {
  if (!value) return;
  if (!value->isMap()) {
    out.error(value->mark, "this is not a mapping").expected =
        "names and values: { X-Edge: fairlead }";
    return;
  }
  for (const Value::Entry& entry : value->entries) readOneAdd(entry, mode, out);
}

void HeaderRules::readOneAdd(const Value::Entry& entry, Mode mode, Diagnostics& out) {
  if (!checkName(entry.key, out)) return;
  auto text = readFieldValue(entry, out);
  if (!text) return;
  Add rule{.mode = mode,
           .name = entry.key.text,
           .value = std::move(*text),
           .line = {},
           .id = http::fieldIdOf(entry.key.text),
           .mark = entry.key.mark};
  if (rule.id == FieldId::Host && mode == Mode::Append) {
    out.error(entry.key.mark, "a request has one `Host` only").suggestion = "`add` replaces it";
    return;
  }
  rule.line = rule.name + ": " + rule.value + "\r\n";
  std::erase_if(add_, [&](const Add& old) {
    return old.mode == mode && ascii::equalsIgnoreCase(old.name, rule.name);
  });
  add_.push_back(std::move(rule));
}

void HeaderRules::readRemove(const Value* value, Diagnostics& out) {
  if (!value) return;
  for (const Value* name : readNames(*value, out)) {
    if (!checkName(*name, out)) continue;
    if (http::fieldIdOf(name->text) == FieldId::Host) {
      removes_host_ = true;
      host_removed_at_ = name->mark;
    } else if (std::ranges::none_of(remove_, [&](const Remove& old) {
                 return ascii::equalsIgnoreCase(old.name, name->text);
               })) {
      remove_.push_back({name->text, name->mark});
    }
  }
}

bool HeaderRules::onRequest(http::RequestHead& head, const Scene& scene) const {
  for (const Remove& rule : remove_) {
    if (head.fields.erase(rule.name) > 0 && scene.trace)
      scene.trace->note("header_rules: remove " + rule.name, rule.mark);
  }
  if (removes_host_ && scene.trace)
    scene.trace->note("header_rules: remove Host, the server's own address is sent",
                      host_removed_at_);
  for (const Add& rule : add_) {
    if (!apply(rule, head.fields)) return false;
    if (scene.trace) scene.trace->note("header_rules: " + rule.text(), rule.mark);
  }
  return true;
}

bool HeaderRules::apply(const Add& rule, http::Fields& fields) {
  switch (rule.mode) {
    case Mode::Set:
      return fields.set(rule.field());
    case Mode::Append:
      return fields.add(rule.field());
    case Mode::SetIfMissing:
      return fields.find(rule.name) != nullptr || fields.add(rule.field());
  }
  return true;
}

http::Field HeaderRules::Add::field() const {
  return {line.data(),
          static_cast<uint16_t>(name.size()),
          static_cast<uint16_t>(name.size() + 2),
          static_cast<uint16_t>(value.size()),
          static_cast<uint16_t>(line.size()),
          id};
}

std::string HeaderRules::Add::text() const {
  static constexpr std::string_view kVerbs[] = {"add ", "append ", "set_if_missing "};
  return std::string(kVerbs[static_cast<size_t>(mode)]) + name + ": " + value;
}

std::vector<std::pair<std::string, Mark>> HeaderRules::describe() const {
  std::vector<std::pair<std::string, Mark>> rules;
  for (const Remove& rule : remove_) rules.emplace_back("remove " + rule.name, rule.mark);
  if (removes_host_) rules.emplace_back("remove Host", host_removed_at_);
  for (const Add& rule : add_) rules.emplace_back(rule.text(), rule.mark);
  return rules;
}

}  // namespace fairlead::filter
