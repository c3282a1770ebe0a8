// Fuzzes the chunked coding: however its bytes are cut, data, trailers, fault and end are the same.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "http/h1/chunked.h"

namespace {

using fairlead::http::h1::ChunkedDecoder;

struct Decoded {
  std::string data;
  std::string trailers;
  std::string fault;
  size_t consumed = 0;
  bool done = false;
  friend bool operator==(const Decoded&, const Decoded&) = default;
};

Decoded decode(const std::string& bytes, size_t step) {
  ChunkedDecoder decoder;
  Decoded result;
  ChunkedDecoder::Status status = ChunkedDecoder::Status::More;
  for (size_t at = 0; at < bytes.size() && status == ChunkedDecoder::Status::More; at += step) {
    std::string piece = bytes.substr(at, step);
    const ChunkedDecoder::Step taken = decoder.decode(piece.data(), piece.size());
    status = taken.status;
    if (taken.produced > taken.consumed || taken.consumed > piece.size()) std::abort();
    if (status == ChunkedDecoder::Status::More && taken.consumed != piece.size()) std::abort();
    result.data.append(piece.data(), taken.produced);
    result.consumed += taken.consumed;
  }
  result.done = status == ChunkedDecoder::Status::Done;
  result.trailers = decoder.trailerLines();
  result.fault = decoder.faultSentence();
  return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string bytes(reinterpret_cast<const char*>(data), size);
  const Decoded whole = decode(bytes, std::max<size_t>(size, 1));
  if (!(decode(bytes, 1) == whole) || !(decode(bytes, 7) == whole)) std::abort();
  return 0;
}
