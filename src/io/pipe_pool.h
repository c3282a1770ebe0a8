// Pipes, lent to bodies that the kernel moves from one socket to another without a copy.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <utility>
#include <vector>

#include "io/descriptor.h"

namespace fairlead::io {

class PipePool;

// A lent pipe; gives itself back. Empty when default-constructed.
class Pipe {
 public:
  Pipe() = default;
  Pipe(PipePool& pool, Descriptor out, Descriptor in)
      : pool_(&pool), out_(std::move(out)), in_(std::move(in)) {}
  Pipe(Pipe&& other) noexcept
      : pool_(other.pool_),
        out_(std::move(other.out_)),
        in_(std::move(other.in_)),
        octets_(std::exchange(other.octets_, 0)) {}
  Pipe& operator=(Pipe&& other) noexcept {
    if (this != &other) {
      giveBack();
      pool_ = other.pool_;
      out_ = std::move(other.out_);
      in_ = std::move(other.in_);
      octets_ = std::exchange(other.octets_, 0);
    }
    return *this;
  }
  ~Pipe() { giveBack(); }

  explicit operator bool() const { return static_cast<bool>(out_); }
  // What is in it.
  size_t octets() const { return octets_; }

  // As splice(2): -1 and errno on failure, 0 at the socket's end. Into an empty pipe only, so that
  // EAGAIN means the socket; less than `most` says nothing about what is left there, because a
  // pipe holds a number of fragments.
  ssize_t fillFrom(int socket, size_t most);
  // As much as the socket takes.
  ssize_t drainTo(int socket);

  // One with octets in it is of no use to anybody else: it is closed.
  void giveBack();

 private:
  PipePool* pool_ = nullptr;
  Descriptor out_;
  Descriptor in_;
  size_t octets_ = 0;
};

// Last in, first out. One thread; outlives its pipes.
class PipePool {
 public:
  // At most so many are lent at a time: each takes two descriptors.
  explicit PipePool(size_t most);
  // For one of so many workers.
  static size_t shareOf(size_t workers);

  // Empty when too many are lent, when descriptors or the user's pages for pipes are scarce, or
  // after `giveUp`.
  Pipe lend();
  // The kernel does not move octets here: nothing is lent any more.
  void giveUp() { most_ = 0; }
  // Closes what is not lent.
  void clear() { free_.clear(); }

  size_t lent() const { return lent_; }
  size_t idle() const { return free_.size(); }

 private:
  friend class Pipe;
  struct Ends {
    Descriptor out;
    Descriptor in;
  };

  static Ends make();
  void take(Ends ends);

  size_t most_;
  size_t lent_ = 0;
  std::vector<Ends> free_;
};

}  // namespace fairlead::io
