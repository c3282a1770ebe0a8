// Keeps what was read from files as the files are now: a good change takes effect, a broken one
// leaves the last good contents in force and says so.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "config/load.h"
#include "control/file_watch.h"
#include "control/reading_thread.h"
#include "io/mailbox.h"
#include "io/reactor.h"
#include "telemetry/log.h"

namespace fairlead::control {

// Takes what workers may still be reading, and drops it when none does any more.
using Retire = std::function<void(std::shared_ptr<const void>)>;

// What became of the bytes of a file.
struct Contents {
  // Puts them in force, on the control thread; null when there are faults.
  std::move_only_function<void()> publish;
  std::string summary;              // "1,000,000 networks"
  std::vector<std::string> faults;  // "blocklist.txt:7:1: ..."
};

// A file to be kept.
struct KeptFile {
  std::string name;     // as it is opened
  uint64_t hash = 0;    // of the bytes in force (hashOfText)
  std::string summary;  // of what is in force
  // Called on a thread of its own, for one file at a time.
  std::function<Contents(std::string bytes)> read;
};

// On the reactor's thread; everything given outlives it.
class FileKeeper {
 public:
  FileKeeper(io::Reactor& reactor, io::Mailbox& mailbox, Log& log,
             Duration look_every = std::chrono::seconds(1));

  // All files are added before it starts.
  void add(KeptFile file);
  void start();

 private:
  struct Kept {
    KeptFile file;
    std::string since;    // when what is in force was read
    bool is_off = false;  // what is in force is not what the file has: it is gone, or broken
  };
  // One attempt to read a file.
  struct Attempt {
    uint64_t hash = 0;
    double seconds = 0;
    Contents contents;
    bool is_same = false;  // the bytes are those in force
  };

  void onNews(Kept& kept, FileNews news);
  static Attempt attempt(const KeptFile& file, uint64_t known_hash);
  void onAttempt(Kept& kept, Attempt attempt);
  void refuse(Kept& kept, const std::vector<std::string>& faults);
  std::string inForce(const Kept& kept) const;

  Log& log_;
  std::vector<std::unique_ptr<Kept>> files_;
  FileWatch watch_;
  ReadingThread reading_;  // uses the files
};

}  // namespace fairlead::control
