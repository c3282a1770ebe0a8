// Reading and writing the file of bans.
#include "control/ban_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>

#include "base/timestamp.h"
#include "io/descriptor.h"

namespace fairlead::control {
namespace {

using Json = nlohmann::ordered_json;

template <typename T>
using Read = std::expected<T, std::string>;

std::unexpected<std::string> cannot(std::string_view what, const std::string& file) {
  return std::unexpected(fmt::format("cannot {} {}: {}", what, file, std::strerror(errno)));
}

// --- lines

std::string lineOf(const KeptBan& ban) {
  Json line{{"network", ban.network.shortText()},
            {"since", timestampText(ban.since)},
            {"until", ban.until ? Json(timestampText(*ban.until)) : Json()},
            {"strikes", ban.strikes},
            {"memory_seconds", ban.memory.count()}};
  if (!ban.rule.empty()) line["rule"] = ban.rule;
  if (!ban.place.empty()) line["place"] = ban.place;
  if (!ban.why.empty()) line["why"] = ban.why;
  return line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

const Json* memberOf(const Json& line, const char* name) {
  const auto found = line.find(name);
  return found == line.end() || found->is_null() ? nullptr : &*found;
}

Read<std::string> textIn(const Json& line, const char* name) {
  const Json* member = memberOf(line, name);
  if (member == nullptr) return std::string();
  if (!member->is_string()) return std::unexpected(fmt::format("`{}` is no text", name));
  return member->get<std::string>();
}

Read<uint64_t> numberIn(const Json& line, const char* name, uint64_t most, uint64_t otherwise) {
  const Json* member = memberOf(line, name);
  if (member == nullptr) return otherwise;
  if (!member->is_number_unsigned() || member->get<uint64_t>() > most)
    return std::unexpected(fmt::format("`{}` is no number from 0 to {}", name, most));
  return member->get<uint64_t>();
}

Read<std::optional<std::chrono::microseconds>> timeIn(const Json& line, const char* name) {
  const auto text = textIn(line, name);
  if (!text) return std::unexpected(text.error());
  if (text->empty()) return std::nullopt;
  const auto time = parseTimestamp(*text);
  if (!time) return std::unexpected(fmt::format("`{}` is no time: {}", name, *text));
  return time;
}

Read<Cidr> networkIn(const Json& line) {
  const auto text = textIn(line, "network");
  if (!text) return std::unexpected(text.error());
  Cidr::ParseFailure why;
  const auto network = Cidr::parse(*text, &why);
  if (!network) return std::unexpected(why.message);
  return *network;
}

// The first of these that went wrong, or "".
std::string firstFault(const auto&... fields) {
  std::string fault;
  ((fault.empty() && !fields ? void(fault = fields.error()) : void()), ...);
  return fault;
}

Read<KeptBan> banIn(std::string_view text) {
  const Json line = Json::parse(text, nullptr, false);
  if (!line.is_object()) return std::unexpected("this is no object of JSON");
  const auto network = networkIn(line);
  const auto since = timeIn(line, "since");
  const auto until = timeIn(line, "until");
  const auto strikes = numberIn(line, "strikes", UINT32_MAX, 1);
  const auto memory = numberIn(line, "memory_seconds", UINT32_MAX, 0);
  const auto rule = textIn(line, "rule");
  const auto place = textIn(line, "place");
  const auto why = textIn(line, "why");
  if (std::string fault = firstFault(network, since, until, strikes, memory, rule, place, why);
      !fault.empty())
    return std::unexpected(std::move(fault));
  if (!*since) return std::unexpected("`since` is missing");
  return KeptBan{
      *network, **since, *until, std::chrono::seconds(*memory), static_cast<uint32_t>(*strikes),
      *rule,    *place,  *why};
}

// --- the file

bool writeAll(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    bytes.remove_prefix(static_cast<size_t>(count));
  }
  return true;
}

// The name itself is on the disk only when its folder is.
bool syncFolder(const std::string& folder) {
  const io::Descriptor fd(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return fd && ::fsync(fd.get()) == 0;
}

}  // namespace

std::string textOf(std::span<const KeptBan> bans) {
  std::string text;
  for (const KeptBan& ban : bans) text += lineOf(ban);
  return text;
}

ReadBans readBans(std::string_view text) {
  ReadBans read;
  for (size_t number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    if (auto ban = banIn(line)) {
      read.bans.push_back(*std::move(ban));
      continue;
    } else if (++read.left_out <= ReadBans::kMostFaults) {
      read.faults.push_back(fmt::format("line {}: {}", number, ban.error()));
    }
  }
  return read;
}

std::string banFileIn(const std::string& folder) { return folder + "/bans.jsonl"; }

std::expected<std::string, std::string> readBanFile(const std::string& folder) {
  const std::string file = banFileIn(folder);
  // Never waits, whatever stands there in its place.
  const io::Descriptor fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!fd && errno == ENOENT) return std::string();
  struct stat about{};
  if (!fd || ::fstat(fd.get(), &about) != 0) return cannot("read", file);
  if (!S_ISREG(about.st_mode)) return std::unexpected(file + " is not a file");
  std::string text;
  std::array<char, 65536> piece;
  for (;;) {
    const ssize_t count = ::read(fd.get(), piece.data(), piece.size());
    if (count == 0) return text;
    if (count < 0 && errno != EINTR) return cannot("read", file);
    if (count > 0) text.append(piece.data(), static_cast<size_t>(count));
  }
}

std::expected<void, std::string> writeBanFile(const std::string& folder, std::string_view text) {
  const std::string file = banFileIn(folder);
  const std::string draft = file + ".new";  // one that a killed process left is written over
  const io::Descriptor fd(::open(draft.c_str(),
                                 O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
                                 S_IRUSR | S_IWUSR));
  if (!fd) return cannot("write", draft);
  const bool is_written = ::fchmod(fd.get(), S_IRUSR | S_IWUSR) == 0 && writeAll(fd.get(), text) &&
                          ::fsync(fd.get()) == 0 && ::rename(draft.c_str(), file.c_str()) == 0 &&
                          syncFolder(folder);
  if (!is_written) return cannot("write", file);
  return {};
}

}  // namespace fairlead::control
