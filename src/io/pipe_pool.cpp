// Making pipes, and moving octets through them.
#include "io/pipe_pool.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>

#include "io/system_call.h"

namespace fairlead::io {
namespace {

// A pipe's size counts pages, and what it holds is fragments, one for each page: of a network card
// they are as small as a segment.
constexpr int kPipeBytes = 256 * 1024;
constexpr size_t kMostLent = 256;
// Pipes may take one descriptor in so many.
constexpr size_t kShareOfDescriptors = 16;
constexpr size_t kMostIdle = 64;

}  // namespace

ssize_t Pipe::fillFrom(int socket, size_t most) {
  const ssize_t got = moveOctets(socket, in_.get(), most);
  if (got > 0) octets_ += static_cast<size_t>(got);
  return got;
}

ssize_t Pipe::drainTo(int socket) {
  const ssize_t sent = moveOctets(out_.get(), socket, octets_);
  if (sent > 0) octets_ -= static_cast<size_t>(sent);
  return sent;
}

void Pipe::giveBack() {
  if (!out_) return;
  if (octets_ > 0) out_.close();
  octets_ = 0;
  pool_->take({std::move(out_), std::move(in_)});
}

size_t PipePool::shareOf(size_t workers) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  const rlim_t all = limit.rlim_cur / kShareOfDescriptors / 2;
  return std::min<size_t>(kMostLent, all / std::max<size_t>(1, workers));
}

PipePool::PipePool(size_t most) : most_(most) { free_.reserve(kMostIdle); }

Pipe PipePool::lend() {
  if (lent_ >= most_) return {};
  Ends ends;
  if (free_.empty()) {
    ends = make();
    if (!ends.out) return {};
  } else {
    ends = std::move(free_.back());
    free_.pop_back();
  }
  ++lent_;
  return {*this, std::move(ends.out), std::move(ends.in)};
}

PipePool::Ends PipePool::make() {
  int ends[2];
  if (::pipe2(ends, O_NONBLOCK | O_CLOEXEC) != 0) return {};
  Ends made{Descriptor(ends[0]), Descriptor(ends[1])};
  // Refused when the user's pipes hold too many pages. Then they are made with two, which is worse
  // than copying.
  if (::fcntl(ends[1], F_SETPIPE_SZ, kPipeBytes) < kPipeBytes) return {};
  return made;
}

void PipePool::take(Ends ends) {
  --lent_;
  if (ends.out && free_.size() < kMostIdle) free_.push_back(std::move(ends));
}

}  // namespace fairlead::io
