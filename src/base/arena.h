// Bump memory for the strings that one exchange makes: reset between exchanges, its blocks kept.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/short_copy.h"

namespace fairlead {

// Memory from `allocate` is valid until `reset`. Not for types with destructors. One thread.
// The first kFirstBlock bytes come without a heap allocation once the arena exists; what was taken
// beyond is kept for later, up to kMostKept.
class Arena {
 public:
  static constexpr size_t kFirstBlock = 4096;
  static constexpr size_t kMostKept = 16 * 1024;

  Arena() = default;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  char* allocate(size_t bytes) {
    if (bytes > static_cast<size_t>(end_ - next_)) return allocateBeyond(bytes);
    char* result = next_;
    next_ += bytes;
    return result;
  }

  // An array of default-constructed values, which are never destroyed.
  template <typename T>
  std::span<T> array(size_t count) {
    static_assert(std::is_trivially_destructible_v<T>);
    void* room = allocate(count * sizeof(T) + alignof(T) - 1);
    size_t space = count * sizeof(T) + alignof(T) - 1;
    T* const first = static_cast<T*>(std::align(alignof(T), count * sizeof(T), room, space));
    std::uninitialized_default_construct_n(first, count);
    return {first, count};
  }

  std::string_view copy(std::string_view text) {
    char* to = allocate(text.size());
    copyShort(to, text.data(), text.size());
    return {to, text.size()};
  }

  // The concatenation of all parts, as one piece.
  template <typename... Parts>
  std::string_view join(const Parts&... parts) {
    const size_t total = (std::string_view(parts).size() + ... + 0);
    char* const to = allocate(total);
    char* at = to;
    ((at = append(at, parts)), ...);
    return {to, total};
  }

  void reset() {
    for (; kept_ > kMostKept; further_.pop_back()) kept_ -= further_.back().size;
    used_ = 0;
    next_ = first_;
    end_ = first_ + kFirstBlock;
  }

 private:
  struct Block {
    std::unique_ptr<char[]> memory;
    size_t size = 0;
  };

  // Something large has a block of its own, so that the rest of the current one is not lost.
  char* allocateBeyond(size_t bytes) {
    if (bytes > kFirstBlock / 4) return takeBlock(bytes);
    char* const block = takeBlock(kFirstBlock);
    next_ = block + bytes;
    end_ = block + kFirstBlock;
    return block;
  }

  // One that was kept and is large enough, or a new one.
  char* takeBlock(size_t size) {
    size_t found = used_;
    while (found < further_.size() && further_[found].size < size) ++found;
    if (found == further_.size()) {
      further_.push_back({std::make_unique_for_overwrite<char[]>(size), size});
      kept_ += size;
    }
    std::swap(further_[found], further_[used_]);
    return further_[used_++].memory.get();
  }

  char* next_ = first_;
  char* end_ = first_ + kFirstBlock;
  std::vector<Block> further_;  // those in use first
  size_t used_ = 0;
  size_t kept_ = 0;  // bytes of all of them
  char first_[kFirstBlock];
};

}  // namespace fairlead
