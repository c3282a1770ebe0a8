// Fuzzes the response head: however its bytes are cut, the result is the same, and what was
// accepted is accepted again when it is written and read once more.
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
  ResponseHead head;
  h1::ResponseParser parser;
  ParseStatus status = ParseStatus::NeedMore;

  // `bytes` must outlive this.
  void run(std::span<const char> bytes, size_t step) {
    for (size_t length = std::min(step, bytes.size());;
         length = std::min(length + step, bytes.size())) {
      status = parser.parse(bytes.first(length), head);
      if (status != ParseStatus::NeedMore || length == bytes.size()) return;
    }
  }
};

void require(bool condition) {
  if (!condition) std::abort();
}

void requireSameHead(const ResponseHead& a, const ResponseHead& b) {
  require(a.status == b.status && a.reason == b.reason && a.fields.size() == b.fields.size());
  for (size_t i = 0; i < a.fields.size(); ++i)
    require(a.fields[i].name() == b.fields[i].name() && a.fields[i].value() == b.fields[i].value());
}

void requireRoundTrip(const ResponseHead& head) {
  std::vector<char> wire(80000);
  wire.resize(h1::writeResponseHead(head, wire));
  require(!wire.empty());
  const auto again = std::make_unique<Parse>();
  again->parser = h1::ResponseParser({.head_bytes = 80000, .line_bytes = 80000, .fields = 192});
  again->run(wire, wire.size());
  require(again->status == ParseStatus::Complete && again->parser.headBytes() == wire.size());
  requireSameHead(head, again->head);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::vector<char> bytes(data, data + size);
  const auto whole = std::make_unique<Parse>();
  const auto pieces = std::make_unique<Parse>();
  whole->run(bytes, std::max<size_t>(size, 1));
  pieces->run(bytes, size > 4096 ? 97 : 1);
  require(whole->status == pieces->status);
  if (whole->status == ParseStatus::Fault) {
    require(whole->parser.fault().status == 502);
    require(whole->parser.fault().sentence == pieces->parser.fault().sentence);
  }
  if (whole->status != ParseStatus::Complete) return 0;
  requireSameHead(whole->head, pieces->head);
  requireRoundTrip(whole->head);
  (void)responseFraming(whole->head, Method::Get);
  return 0;
}
