// A decision about a request, with everything that it views.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "head_text.h"
#include "proxy/decide.h"
#include "proxy/heads.h"

namespace fairlead::proxy {

class Decided {
 public:
  // `lines` end in CRLF. The plan must outlive the decision.
  Decided(const Plan& plan, std::string_view lines, std::string_view peer = "192.0.2.1",
          filter::Trace* trace = nullptr)
      : request_(requestOf(lines)) {
    client_.peer = *IpAddress::parse(peer);
    const auto framing = http::requestFraming(request_->head);
    EXPECT_TRUE(framing);
    framing_ = *framing;
    decision_ = decide(request_->head, {.plan = plan,
                                        .client = client_,
                                        .request = facts_,
                                        .framing = framing_,
                                        .arena = request_->arena,
                                        .random = random_,
                                        .trace = trace});
  }

  const Decision& operator*() const { return decision_; }
  const Decision* operator->() const { return &decision_; }
  // The status of fairlead's own answer, or the route's name.
  std::string words() const {
    if (decision_.answer) return std::to_string(decision_.answer->status);
    return decision_.route->name;
  }
  // The answer's field of that name, or "".
  std::string_view said(http::FieldId id) const {
    for (const http::Field& field : decision_.answer->fields)
      if (field.id() == id) return field.value();
    return {};
  }
  // What goes to the server, without the X-Request-Id that is made.
  std::string wire() {
    EXPECT_TRUE(completeRequestHead(request_->head, framing_, decision_.upgrade, request_->arena));
    if (request_->head.fields.valueOf(http::FieldId::XRequestId).size() == 32)
      request_->head.fields.erase(http::FieldId::XRequestId);
    return wireOf(request_->head);
  }
  http::RequestHead& head() { return request_->head; }
  const http::Fields& fields() const { return request_->head.fields; }
  const filter::ClientFacts& client() const { return client_; }
  filter::RequestFacts& facts() { return facts_; }
  filter::Scene scene(filter::Trace* trace = nullptr) {
    return {client_, request_->arena, trace, facts_};
  }

 private:
  std::unique_ptr<Parsed<http::RequestHead>> request_;
  filter::ClientFacts client_;
  filter::RequestFacts facts_;
  Random random_{1};
  http::Framing framing_;
  Decision decision_;
};

}  // namespace fairlead::proxy
