// Bump memory for the strings that one exchange makes: reset between exchanges, its blocks kept.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

namespace fairlead {

// Memory from `allocate` is valid until `reset`. Not for types with destructors. One thread.
// The first kFirstBlock bytes come without a heap allocation once the arena exists.
class Arena {
 public:
  static constexpr size_t kFirstBlock = 4096;

  char* allocate(size_t bytes) {
    if (bytes > static_cast<size_t>(end_ - next_)) grow(bytes);
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
    if (!text.empty()) std::memcpy(to, text.data(), text.size());
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
    overflow_.clear();
    next_ = first_;
    end_ = first_ + kFirstBlock;
  }

 private:
  static char* append(char* at, std::string_view text) {
    if (!text.empty()) std::memcpy(at, text.data(), text.size());
    return at + text.size();
  }

  // Rare: an exchange whose edits outgrow the first block takes further ones from the heap.
  void grow(size_t bytes) {
    const size_t size = bytes > kFirstBlock ? bytes : kFirstBlock;
    overflow_.push_back(std::make_unique<char[]>(size));
    next_ = overflow_.back().get();
    end_ = next_ + size;
  }

  char first_[kFirstBlock];
  char* next_ = first_;
  char* end_ = first_ + kFirstBlock;
  std::vector<std::unique_ptr<char[]>> overflow_;
};

}  // namespace fairlead
