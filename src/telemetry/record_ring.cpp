// Acquire and release on two positions; everything else belongs to one side.
#include "telemetry/record_ring.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace fairlead {
namespace {

constexpr size_t kLeastBytes = 64;
constexpr size_t kMostBytes = size_t{1} << 30;

}  // namespace

RecordRing::RecordRing(size_t bytes)
    : mask_(std::bit_ceil(std::clamp(bytes, kLeastBytes, kMostBytes)) - 1),
      memory_(std::make_unique<char[]>(capacity())) {}

char* RecordRing::reserve(size_t bytes) {
  if (bytes > capacity() / 2 - sizeof(Prefix)) return nullptr;
  const size_t span = (sizeof(Prefix) + bytes + kAlign - 1) & ~(kAlign - 1);
  uint64_t start = head_.load(std::memory_order_relaxed);
  const size_t to_end = capacity() - (start & mask_);
  const bool wraps = span > to_end;
  if (!hasRoom(wraps ? to_end + span : span)) return nullptr;
  if (wraps) {
    put(start, {static_cast<uint32_t>(to_end), kSkip});
    start += to_end;
  }
  put(start, {static_cast<uint32_t>(span), static_cast<uint32_t>(bytes)});
  reserved_ = start + span;
  return at(start) + sizeof(Prefix);
}

void RecordRing::commit() { head_.store(reserved_, std::memory_order_release); }

bool RecordRing::isHalfFull() { return !hasRoom(capacity() / 2 + 1); }

std::optional<std::span<const char>> RecordRing::front() {
  uint64_t tail = tail_.load(std::memory_order_relaxed);
  if (tail == seen_head_) {
    seen_head_ = head_.load(std::memory_order_acquire);
    if (tail == seen_head_) return std::nullopt;
  }
  Prefix prefix = get(tail);
  if (prefix.size == kSkip) {  // always followed by the record that did not fit
    tail += prefix.span;
    prefix = get(tail);
  }
  front_end_ = tail + prefix.span;
  return std::span<const char>(at(tail) + sizeof(Prefix), prefix.size);
}

void RecordRing::pop() { tail_.store(front_end_, std::memory_order_release); }

// Asks the consumer's line only when what was last seen of it is not enough.
bool RecordRing::hasRoom(uint64_t bytes) {
  const uint64_t head = head_.load(std::memory_order_relaxed);
  if (capacity() - (head - seen_tail_) >= bytes) return true;
  seen_tail_ = tail_.load(std::memory_order_acquire);
  return capacity() - (head - seen_tail_) >= bytes;
}

void RecordRing::put(uint64_t position, Prefix prefix) {
  std::memcpy(at(position), &prefix, sizeof prefix);
}

RecordRing::Prefix RecordRing::get(uint64_t position) {
  Prefix prefix;
  std::memcpy(&prefix, at(position), sizeof prefix);
  return prefix;
}

}  // namespace fairlead
