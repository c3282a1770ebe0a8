// Host names to addresses, asked for on a reactor: literals, the hosts file, then DNS.
#pragma once

#include <sys/stat.h>

#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "base/ip_address.h"
#include "base/time.h"
#include "discovery/channel.h"
#include "discovery/hosts_file.h"
#include "discovery/names.h"
#include "io/reactor.h"
#include "task/task.h"

namespace fairlead::discovery {

struct ResolverSettings {
  // Empty: those of resolv.conf, with its search list. Otherwise names are asked for as they are.
  std::vector<SocketAddress> servers{};
  Duration timeout = std::chrono::seconds(5);  // for one name, all that is tried included
  // A time to live outside of these is taken for the nearer one.
  Duration shortest_ttl = std::chrono::seconds(1);
  Duration longest_ttl = std::chrono::hours(1);
  // Where there is none (hosts file), and at most this long when one family did not answer.
  Duration other_ttl = std::chrono::seconds(30);
  std::string resolv_conf = "/etc/resolv.conf";
  // After this long nothing is held against servers any more. c-ares does not use EDNS again once
  // one of them did not know it.
  Duration forget_after = std::chrono::minutes(5);
};

// One thread, the reactor's. Reactor and resolver outlive the tasks.
class Resolver {
 public:
  explicit Resolver(io::Reactor& reactor, ResolverSettings settings = {});
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;
  ~Resolver();

  // The addresses of a name or literal, or in words for people why there are none. Ready at once
  // for literals (which hold for ever), names of the hosts file and localhost.
  Task<std::expected<Names, std::string>> resolve(std::string host);

 private:
  // What tells one resolv.conf from the next.
  struct FileStamp {
    timespec modified{};
    ino_t inode = 0;
    off_t size = 0;
    bool operator==(const FileStamp& other) const;
  };
  // Libraries count who uses them.
  struct Library {
    Library();
    ~Library();
    Library(const Library&) = delete;
    Library& operator=(const Library&) = delete;
  };

  Names fromMachine(const std::string& host) const;
  // A new one when resolv.conf has changed, and now and then; shared with the look-ups that began
  // with it.
  std::shared_ptr<Channel> channel();
  FileStamp stampOfConf() const;
  Duration believable(const Names& names) const;

  Library library_;
  io::Reactor& reactor_;
  ResolverSettings settings_;
  HostsFile hosts_;
  std::shared_ptr<Channel> channel_;
  TimePoint channel_since_{};
  FileStamp conf_;
};

}  // namespace fairlead::discovery
