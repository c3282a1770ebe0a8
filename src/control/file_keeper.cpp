// From news of files to what is in force.
#include "control/file_keeper.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/hash.h"
#include "base/timestamp.h"

namespace fairlead::control {
namespace {

constexpr size_t kMostToldFaults = 10;

// "12:34:56", as the times of the log.
std::string timeOfDay() {
  char text[kTimestampText];
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  formatTimestamp(std::chrono::duration_cast<std::chrono::microseconds>(now), text);
  return {text + 11, 8};
}

}  // namespace

FileKeeper::FileKeeper(io::Reactor& reactor, io::Mailbox& mailbox, Log& log, Duration look_every)
    : log_(log), watch_(reactor, look_every), reading_(mailbox) {}

void FileKeeper::add(KeptFile file) {
  files_.push_back(std::make_unique<Kept>(Kept{std::move(file), timeOfDay()}));
  Kept& kept = *files_.back();
  log_.info("{}: {}", kept.file.name, kept.file.summary);
  watch_.add(kept.file.name, [this, &kept](FileNews news) { onNews(kept, news); });
}

void FileKeeper::start() { watch_.start(); }

void FileKeeper::onNews(Kept& kept, FileNews news) {
  if (news == FileNews::Gone) {
    kept.is_off = true;
    log_.warning("{} is gone; {}", kept.file.name, inForce(kept));
    return;
  }
  reading_.add([this, &kept, known = kept.file.hash]() -> io::Mailbox::Letter {
    return [this, &kept, attempt = attempt(kept.file, known)]() mutable {
      onAttempt(kept, std::move(attempt));
    };
  });
}

// Runs on the reading thread: of the file it takes only what nobody changes.
FileKeeper::Attempt FileKeeper::attempt(const KeptFile& file, uint64_t known_hash) {
  const auto begin = std::chrono::steady_clock::now();
  Attempt attempt;
  auto bytes = config::DiskFiles().read(file.name);
  if (!bytes) {
    attempt.contents.faults = {fmt::format("{} cannot be read: {}", file.name, bytes.error())};
    return attempt;
  }
  attempt.hash = hashOfText(*bytes);
  attempt.is_same = attempt.hash == known_hash;
  if (!attempt.is_same) attempt.contents = file.read(*std::move(bytes));
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - begin;
  attempt.seconds = spent.count();
  return attempt;
}

void FileKeeper::onAttempt(Kept& kept, Attempt attempt) {
  if (!attempt.contents.faults.empty()) return refuse(kept, attempt.contents.faults);
  const bool was_off = std::exchange(kept.is_off, false);
  if (attempt.is_same) {
    if (was_off) log_.info("{} is again what was read at {}", kept.file.name, kept.since);
    return;
  }
  attempt.contents.publish();
  kept.file.hash = attempt.hash;
  kept.file.summary = std::move(attempt.contents.summary);
  kept.since = timeOfDay();
  log_.info("{}: {}, loaded in {:.1f} s", kept.file.name, kept.file.summary, attempt.seconds);
}

void FileKeeper::refuse(Kept& kept, const std::vector<std::string>& faults) {
  kept.is_off = true;
  for (size_t i = 0; i < std::min(faults.size(), kMostToldFaults); ++i) log_.error("{}", faults[i]);
  if (faults.size() > kMostToldFaults)
    log_.error("{}: {} errors are not shown", kept.file.name, faults.size() - kMostToldFaults);
  log_.error("{} is not taken; {}", kept.file.name, inForce(kept));
}

std::string FileKeeper::inForce(const Kept& kept) const {
  return fmt::format("what was read at {} stays in force ({})", kept.since, kept.file.summary);
}

}  // namespace fairlead::control
