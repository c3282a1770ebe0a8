// What a watched file says as it is now: workers read it, the control thread replaces it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace fairlead::firewall {

// `T` is immutable. Shared by every rule that names the file, in all copies of a configuration.
template <typename T>
class LiveFile {
 public:
  // `name` as it is opened; `file`: its number in Diagnostics::files; `hash` of the bytes that
  // `first` was read from.
  LiveFile(std::string name, uint32_t file, uint64_t hash, std::unique_ptr<const T> first)
      : name_(std::move(name)), file_(file), hash_(hash), current_(first.release()) {}
  LiveFile(const LiveFile&) = delete;
  LiveFile& operator=(const LiveFile&) = delete;
  ~LiveFile() { delete current_.load(std::memory_order_relaxed); }

  const std::string& name() const { return name_; }
  uint32_t file() const { return file_; }
  // Of the bytes of the first contents.
  uint64_t hash() const { return hash_; }

  // Any thread. Valid until the caller's turn of the loop ends; never null.
  const T* current() const { return current_.load(std::memory_order_acquire); }

  // The control thread. The old one is for the caller to free, once every thread that may have
  // asked for it has passed a turn of its loop.
  std::unique_ptr<const T> replace(std::unique_ptr<const T> next) {
    return std::unique_ptr<const T>(current_.exchange(next.release(), std::memory_order_acq_rel));
  }

 private:
  std::string name_;
  uint32_t file_;
  uint64_t hash_;
  std::atomic<const T*> current_;
};

}  // namespace fairlead::firewall
