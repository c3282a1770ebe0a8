// A bounded queue of byte records between one producing and one consuming thread.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

namespace fairlead {

// Records are contiguous and aligned to kAlign; one that does not fit before the end of the memory
// starts at its beginning again. Neither side ever waits.
class RecordRing {
 public:
  static constexpr size_t kAlign = 8;

  // Rounded up to a power of two; one record may take at most half of it.
  explicit RecordRing(size_t bytes);

  size_t capacity() const { return mask_ + 1; }

  // Producer: room for a record, or nullptr when the ring is full. The record does not exist for
  // the consumer before `commit`.
  char* reserve(size_t bytes);
  void commit();
  // Producer: at least half of the ring waits for the consumer.
  bool isHalfFull();

  // Consumer: the oldest record, valid until `pop`.
  std::optional<std::span<const char>> front();
  void pop();

 private:
  struct Prefix {
    uint32_t span = 0;  // bytes to the next record, prefix included
    uint32_t size = 0;  // bytes of the record, or kSkip: nothing here, go on at the beginning
  };
  static constexpr uint32_t kSkip = UINT32_MAX;
  static_assert(sizeof(Prefix) == kAlign);

  char* at(uint64_t position) { return memory_.get() + (position & mask_); }
  bool hasRoom(uint64_t bytes);
  void put(uint64_t position, Prefix prefix);
  Prefix get(uint64_t position);

  size_t mask_;
  std::unique_ptr<char[]> memory_;

  // Positions only grow; the offset is the position modulo the capacity. Each side has its own
  // line.
  alignas(64) std::atomic<uint64_t> head_{0};  // written by the producer
  uint64_t reserved_ = 0;                      // where `commit` moves head_ to
  uint64_t seen_tail_ = 0;
  alignas(64) std::atomic<uint64_t> tail_{0};  // written by the consumer
  uint64_t seen_head_ = 0;
  uint64_t front_end_ = 0;
};

}  // namespace fairlead
