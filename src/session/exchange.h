// One request and its answer, from the first byte of its head to the last of its response.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/arena.h"
#include "base/fetch_ahead.h"
#include "base/surplus.h"
#include "base/time.h"
#include "http/message.h"
#include "http/semantics.h"
#include "session/body_reader.h"
#include "session/body_writer.h"

namespace fairlead::session {

// The memory of an exchange: large, so that it is lent for the time of an exchange only.
// Views in the heads point into receive windows, the arena, or the configuration.
// What is small comes first, so that a short exchange touches few lines of it.
struct Exchange {
  TimePoint begun;      // first byte of the head seen
  TimePoint head_read;  // head complete
  uint32_t head_bytes = 0;
  bool keep_alive = true;    // the client allows another exchange on this connection
  http::Framing framing;     // of the request's body
  http::MessageFault fault;  // when the head was refused
  http::RequestHead request;
  Arena arena;
  http::ResponseHead response;

  // What a short exchange writes of it.
  void fetchAhead() const {
    static constexpr size_t kFewFields = 8 * sizeof(http::Field);
    static constexpr size_t kFewStrings = 256;
    fairlead::fetchAhead(this, offsetof(Exchange, request.fields) + kFewFields);
    fairlead::fetchAhead(&arena, kFewStrings);
    fairlead::fetchAhead(&response, kFewFields);
  }

  void clear() {
    request.clear();
    response.clear();
    arena.reset();
    framing = {};
    keep_alive = true;
    head_bytes = 0;
  }
};

// Exchanges that were used before, warm. One thread; outlives what it lent.
class ExchangePool {
 public:
  class Lease {
   public:
    Lease() = default;
    Lease(ExchangePool& pool, std::unique_ptr<Exchange> exchange)
        : pool_(&pool), exchange_(std::move(exchange)) {}
    Lease(Lease&&) noexcept = default;
    Lease& operator=(Lease&& other) noexcept {
      if (exchange_) giveBack();
      pool_ = other.pool_;
      exchange_ = std::move(other.exchange_);
      return *this;
    }
    ~Lease() {
      if (exchange_) giveBack();
    }

    Exchange* operator->() const { return exchange_.get(); }
    Exchange& operator*() const { return *exchange_; }
    explicit operator bool() const { return exchange_ != nullptr; }
    void giveBack() {
      if (exchange_) pool_->take(std::move(exchange_));
    }

   private:
    ExchangePool* pool_ = nullptr;
    std::unique_ptr<Exchange> exchange_;
  };

  // Free ones beyond `keep_bytes` go back to the heap.
  explicit ExchangePool(size_t keep_bytes = size_t{16} * 1024 * 1024)
      : keep_(keep_bytes / sizeof(Exchange)) {
    free_.reserve(keep_);
  }

  // Cleared, ready for a head.
  Lease lend() {
    if (free_.empty()) return {*this, std::make_unique_for_overwrite<Exchange>()};
    std::unique_ptr<Exchange> exchange = std::move(free_.back());
    free_.pop_back();
    surplus_.taken(free_.size());
    if (!free_.empty()) free_.back()->fetchAhead();
    exchange->clear();
    return {*this, std::move(exchange)};
  }

  // How many lie free.
  size_t spare() const { return free_.size(); }

  // Gives half of what was not used since the last call back to the heap; in bytes. Now and
  // then.
  size_t shrink() {
    const size_t spare = surplus_.of(free_.size(), kFloor);
    free_.resize(free_.size() - spare);
    return spare * sizeof(Exchange);
  }

 private:
  static constexpr size_t kFloor = 16;  // stay, however seldom they are used

  void take(std::unique_ptr<Exchange> exchange) {
    if (free_.size() < keep_) free_.push_back(std::move(exchange));
  }

  size_t keep_;
  std::vector<std::unique_ptr<Exchange>> free_;
  Surplus surplus_;
};

}  // namespace fairlead::session
