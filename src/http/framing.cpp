// How long is the body? Strictly one answer, or a fault (RFC 9112 section 6).
#include "base/ascii.h"
#include "http/semantics.h"

namespace fairlead::http {

namespace {

using Framed = std::expected<Framing, MessageFault>;

constexpr uint64_t kFramingFields = maskOf(FieldId::ContentLength, FieldId::TransferEncoding);
constexpr uint64_t kLargestLength = INT64_MAX;

// Faults have one sentence for each direction, so that each says plainly what was wrong.
struct Sentences {
  std::string_view both;
  std::string_view old_version;
  uint16_t fault_status;
  uint16_t unknown_coding_status;
};

constexpr Sentences kOfRequest = {"Content-Length and Transfer-Encoding in one request",
                                  "Transfer-Encoding in an HTTP/1.0 request", 400, 501};
constexpr Sentences kOfResponse = {"Content-Length and Transfer-Encoding in one response",
                                   "Transfer-Encoding in an HTTP/1.0 response", 502, 502};

std::unexpected<MessageFault> fault(uint16_t status, std::string_view sentence) {
  return std::unexpected(MessageFault{status, sentence});
}

// The list of all Transfer-Encoding fields: only "chunked", once and last, can be framed.
class Codings {
 public:
  // Returns the fault of one field's value, or an empty sentence.
  std::string_view add(std::string_view list) {
    for (;;) {
      const size_t comma = list.find(',');
      const std::string_view sentence = addOne(ascii::trim(list.substr(0, comma)));
      if (!sentence.empty() || comma == std::string_view::npos) return sentence;
      list.remove_prefix(comma + 1);
    }
  }
  bool unknown() const { return unknown_; }

 private:
  std::string_view addOne(std::string_view coding) {
    if (coding.empty()) return "Transfer-Encoding has an empty element";
    if (ascii::equalsIgnoreCase(coding, "chunked")) {
      if (chunked_) return "Transfer-Encoding names chunked twice";
      chunked_ = true;
      return {};
    }
    if (chunked_) return "Transfer-Encoding names a coding after chunked";
    unknown_ = true;
    return {};
  }

  bool chunked_ = false;
  bool unknown_ = false;
};

Framed transferFraming(const Fields& fields, Version version, const Sentences& says) {
  if (fields.countOf(FieldId::ContentLength) != 0) return fault(says.fault_status, says.both);
  if (version == Version::Http10) return fault(says.fault_status, says.old_version);
  Codings codings;
  for (const Field& field : fields) {
    if (field.id() != FieldId::TransferEncoding) continue;
    const std::string_view sentence = codings.add(field.value());
    if (!sentence.empty()) return fault(says.fault_status, sentence);
  }
  if (codings.unknown())
    return fault(says.unknown_coding_status, "Transfer-Encoding names a coding other than chunked");
  return Framing{Framing::Kind::Chunked};
}

// 1*DIGIT below 2^63; nothing else, no list.
std::string_view parseLength(std::string_view text, uint64_t& length) {
  constexpr size_t kDigitsThatAlwaysFit = 18;
  length = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto digit = static_cast<uint64_t>(static_cast<unsigned char>(text[i]) - '0');
    if (digit > 9) return "Content-Length is not a number";
    if (i >= kDigitsThatAlwaysFit && length > (kLargestLength - digit) / 10)
      return "Content-Length is too large";
    length = length * 10 + digit;
  }
  return text.empty() ? std::string_view("Content-Length is empty") : std::string_view();
}

Framed lengthFraming(const Fields& fields, const Sentences& says, Framing without) {
  const auto [field, several] = fields.findOnly(FieldId::ContentLength);
  if (several) return fault(says.fault_status, "More than one Content-Length");
  if (field == nullptr) return without;
  Framing framing{Framing::Kind::Length};
  const std::string_view sentence = parseLength(field->value(), framing.length);
  if (!sentence.empty()) return fault(says.fault_status, sentence);
  return framing;
}

// What the framing fields say, or `without` when there are none.
Framed framingOf(const Fields& fields, Version version, const Sentences& says, Framing without) {
  if (!fields.mayHave(kFramingFields)) return without;
  if (fields.find(FieldId::TransferEncoding)) return transferFraming(fields, version, says);
  return lengthFraming(fields, says, without);
}

bool isWithoutBody(uint16_t status, Method request_method) {
  return request_method == Method::Head || status < 200 || status == 204 || status == 304 ||
         (request_method == Method::Connect && status < 300);
}

}  // namespace

std::expected<Framing, MessageFault> requestFraming(const RequestHead& head) {
  return framingOf(head.fields, head.version, kOfRequest, Framing{Framing::Kind::None});
}

std::expected<Framing, MessageFault> responseFraming(const ResponseHead& head,
                                                     Method request_method) {
  const Framed framing =
      framingOf(head.fields, head.version, kOfResponse, Framing{Framing::Kind::UntilClose});
  if (framing && isWithoutBody(head.status, request_method)) return Framing{Framing::Kind::None};
  return framing;
}

}  // namespace fairlead::http
