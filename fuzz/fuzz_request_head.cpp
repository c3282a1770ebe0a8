// Fuzzes the request head: however its bytes are cut, the result is the same, and what was accepted
// is accepted again when it is written and read once more.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

#include "http/h1/parser.h"
#include "http/h1/serializer.h"

namespace {

using namespace fairlead;
using namespace fairlead::http;
using h1::ParseStatus;

struct Parse {
  Arena arena;
  RequestHead head;
  h1::RequestParser parser;
  ParseStatus status = ParseStatus::NeedMore;

  // `bytes` must outlive this.
  void run(std::span<const char> bytes, size_t step) {
    for (size_t length = std::min(step, bytes.size());;
         length = std::min(length + step, bytes.size())) {
      status = parser.parse(bytes.first(length), head, arena);
      if (status != ParseStatus::NeedMore || length == bytes.size()) return;
    }
  }
};

void require(bool condition) {
  if (!condition) std::abort();
}

void requireSameFields(const Fields& a, const Fields& b) {
  require(a.size() == b.size());
  for (size_t i = 0; i < a.size(); ++i)
    require(a[i].name() == b[i].name() && a[i].value() == b[i].value() && a[i].id() == b[i].id());
}

void requireSameHead(const RequestHead& a, const RequestHead& b) {
  require(a.method_text == b.method_text && a.target.path == b.target.path);
  require(a.target.query == b.target.query && a.target.has_query == b.target.has_query);
  require(a.host == b.host && a.authority == b.authority);
  requireSameFields(a.fields, b.fields);
}

void requireRoundTrip(const RequestHead& head) {
  std::vector<char> wire(80000);
  wire.resize(h1::writeRequestHead(head, h1::PathBytes::Canonical, wire));
  require(!wire.empty());
  const auto again = std::make_unique<Parse>();
  again->run(wire, wire.size());
  // HTTP/1.0 may lack a Host, and what is written is 1.1.
  if (head.fields.find(FieldId::Host) == nullptr) return;
  require(again->status == ParseStatus::Complete);
  require(again->parser.headBytes() == wire.size());
  if (head.target.form != TargetForm::Absolute) requireSameHead(head, again->head);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::vector<char> bytes(data, data + size);
  const auto whole = std::make_unique<Parse>();
  const auto pieces = std::make_unique<Parse>();
  whole->run(bytes, std::max<size_t>(size, 1));
  pieces->run(bytes, size > 4096 ? 97 : 1);
  require(whole->status == pieces->status);
  if (whole->status == ParseStatus::Fault)
    require(whole->parser.fault().sentence == pieces->parser.fault().sentence);
  if (whole->status != ParseStatus::Complete) return 0;
  require(whole->parser.headBytes() == pieces->parser.headBytes() &&
          whole->parser.headBytes() <= size);
  requireSameHead(whole->head, pieces->head);
  requireRoundTrip(whole->head);
  (void)requestFraming(whole->head);
  (void)removeHopByHop(whole->head.fields, whole->arena);
  return 0;
}
