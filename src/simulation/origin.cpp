// Work, and what disturbs it.
#include "simulation/origin.h"

#include <algorithm>
#include <utility>

namespace fairlead::simulation {

Origin::Origin(const OriginModel& model, uint32_t number, Timeline& timeline, TimePoint end)
    : model_(model),
      number_(number),
      timeline_(timeline),
      end_(end),
      workers_(model.workers),
      errors_(model.errors) {
  for (uint32_t worker = model.workers; worker > 0; --worker) free_.push_back(worker - 1);
}

Duration Origin::counted(TimePoint from, TimePoint to) const {
  return std::max(std::min(to, end_) - std::min(from, end_), Duration::zero());
}

void Origin::arrive(const Job& job) {
  if (hangs_ || free_.empty()) {
    queue_.push_back(job);
    return;
  }
  const uint32_t worker = free_.back();
  free_.pop_back();
  begin(worker, job);
}

void Origin::begin(uint32_t number, const Job& job) {
  Random random(job.luck);
  const Duration drawn = model_.service.draw(random);
  const Duration work(
      static_cast<Duration::rep>(static_cast<double>(drawn.count()) * slowness_ / model_.speed));
  Worker& worker = workers_[number];
  worker = {.job = job, .is_busy = true, .is_held = false, .until = timeline_.now() + work};
  worker.job.is_error = random.unit() < errors_;
  worked_ += counted(timeline_.now(), worker.until);
  timeline_.plan(worker.until,
                 {.what = What::Served, .about = number_, .turn = life_, .more = number});
}

std::optional<Job> Origin::onServed(const Event& event) {
  if (event.turn != life_) return std::nullopt;
  Worker& worker = workers_[event.more];
  if (hangs_) {
    worker.is_held = true;
    return std::nullopt;
  }
  worker.is_busy = false;
  free_.push_back(event.more);
  const Job done = worker.job;
  goOn();
  return done;
}

void Origin::goOn() {
  while (!hangs_ && !free_.empty() && !queue_.empty()) {
    const Job job = queue_.front();
    queue_.pop_front();
    arrive(job);
  }
}

// --- troubles

void Origin::judge() {
  down_ = hangs_ = false;
  slowness_ = 1;
  errors_ = model_.errors;
  for (const Trouble* trouble : troubles_) {
    down_ = down_ || trouble->kind == Trouble::Kind::Down;
    hangs_ = hangs_ || trouble->kind == Trouble::Kind::Hang;
    if (trouble->kind == Trouble::Kind::Slow) slowness_ *= trouble->amount;
    if (trouble->kind == Trouble::Kind::Errors) errors_ = std::max(errors_, trouble->amount);
  }
}

std::vector<Job> Origin::begin(const Trouble& trouble) {
  troubles_.push_back(&trouble);
  judge();
  return trouble.kind == Trouble::Kind::Down ? die() : std::vector<Job>{};
}

std::vector<Job> Origin::die() {
  ++life_;
  std::vector<Job> lost;
  free_.clear();
  for (uint32_t number = model_.workers; number > 0; --number) {
    Worker& worker = workers_[number - 1];
    if (worker.is_busy) {
      lost.push_back(worker.job);
      worked_ -= counted(timeline_.now(), worker.until);
    }
    worker = {};
    free_.push_back(number - 1);
  }
  lost.insert(lost.end(), queue_.begin(), queue_.end());
  queue_.clear();
  return lost;
}

std::vector<Job> Origin::end(const Trouble& trouble) {
  std::erase(troubles_, &trouble);
  judge();
  std::vector<Job> held;
  if (hangs_) return held;
  for (uint32_t number = 0; number < model_.workers; ++number) {
    Worker& worker = workers_[number];
    if (!worker.is_held) continue;
    held.push_back(worker.job);
    worker = {};
    free_.push_back(number);
  }
  goOn();
  return held;
}

}  // namespace fairlead::simulation
