// The way of the verbs to a running fairlead: whom to ask, asking, and what went wrong.
#pragma once

#include <expected>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "admin/client.h"
#include "app/cli.h"

namespace fairlead::app {

using Json = nlohmann::ordered_json;

// Why there is nothing to print; the sentence may have been printed already.
struct Trouble {
  Exit exit = Exit::NotReachable;
  std::string sentence;
};
template <typename T>
using Tried = std::expected<T, Trouble>;

std::unexpected<Trouble> trouble(Exit exit, std::string sentence);

// A running fairlead's admin API. Blocks.
class AdminDoor {
 public:
  static Tried<AdminDoor> of(const AdminRequest& request);

  Tried<Json> get(const std::string& target) const { return ask("GET", target); }
  Tried<Json> ask(std::string_view method, const std::string& target) const;

 private:
  AdminDoor(admin::AdminAddress address, std::string token)
      : address_(std::move(address)), token_(std::move(token)) {}

  admin::AdminAddress address_;
  std::string token_;
};

// Prints the text, or what the trouble is; also when an answer lacks what `text` looks for.
Exit printOr(const std::function<Tried<std::string>()>& text);

std::string dumped(const Json& json);

}  // namespace fairlead::app
