// The API as a function: what is asked for, and what is answered; without a socket.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/bans.h"
#include "admin/firewall_views.h"
#include "admin/views.h"
#include "admin/worker_views.h"
#include "http/message.h"
#include "upstream/status.h"

namespace fairlead::admin {

// What the API asks of the rest of fairlead. Called on the thread of the listener.
struct Api {
  std::function<upstream::Status()> status;
  std::function<Moment()> moment = currentMoment;
  BanBook* bans = nullptr;
  std::function<FirewallFacts()> firewall = {};
  std::function<std::vector<WorkerFacts>()> workers = {};
};

struct Answer {
  uint16_t status = 200;
  std::string body;   // JSON
  std::string allow;  // of a 405: the methods that there are
};

// `path` is canonical, `query` is as it came. HEAD is answered like GET.
Answer answerTo(const Api& api, std::string_view method, std::string_view path,
                std::string_view query = {});

// An answer that says no: {"error": "..."}.
Answer errorAnswer(uint16_t status, std::string_view sentence);

}  // namespace fairlead::admin
