// What a route asks of a request beside host and path, compiled for checking.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "http/fields.h"
#include "route/networks.h"
#include "route/spec.h"

namespace fairlead::route {

class Conditions {
 public:
  explicit Conditions(const RouteSpec& route);

  // Cheapest first: method, scheme, client, fields, params, cookies. Allocates only for a regex
  // over a parameter whose value is encoded.
  bool hold(const RouteQuery& query) const;
  // The first that fails, as a sentence: "header X-Canary: no is not `yes`". Empty when all hold.
  // `route`: the one that these conditions were made of.
  std::string whyNot(const RouteSpec& route, const RouteQuery& query) const;

 private:
  struct FieldCondition {
    http::FieldId id = http::FieldId::Unknown;
    Condition condition;
  };

  bool methodHolds(std::string_view method) const;
  bool schemeHolds(std::string_view scheme) const { return scheme_.empty() || scheme == scheme_; }
  bool clientHolds(const IpAddress& client) const {
    return from_.empty() || from_.contains(client);
  }
  static bool fieldHolds(const FieldCondition& asked, const RouteQuery& query);
  static bool paramHolds(const Condition& asked, const RouteQuery& query);
  static bool cookieHolds(const Condition& asked, const RouteQuery& query);

  uint16_t methods_ = 0;  // a bit for each http::Method that is listed
  std::vector<std::string> other_methods_;
  std::string scheme_;
  Networks from_;
  std::vector<FieldCondition> fields_;
  std::vector<Condition> params_;
  std::vector<Condition> cookies_;
};

}  // namespace fairlead::route
