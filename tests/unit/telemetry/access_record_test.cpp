// A record survives packing, and its JSON line says all of it.
#include "telemetry/access_record.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace fairlead {
namespace {

using namespace std::chrono_literals;

AccessRecord sample() {
  return {.time = 1'709'210'096'789'000us,
          .client = *IpAddress::parse("192.0.2.7"),
          .client_port = 40123,
          .status = 200,
          .attempts = 2,
          .bytes_in = 0,
          .bytes_out = 18'446'744'073'709'551'615u,
          .head = 250us,
          .queue = 0ns,
          .connect = 1'234'567ns,
          .first_byte = 2'000ms,
          .total = 1h,
          .method = "GET",
          .host = "shop.example.com",
          .path = "/api?q=\"x\"",
          .route = "shop.example.com /api",
          .pool = "api",
          .server = "10.0.1.1:9000",
          .request_id = "0123456789abcdef",
          .why = {},
          .blocked_by = {}};
}

std::string jsonOf(const AccessRecord& record) {
  std::vector<char> packed(packedSize(record));
  pack(record, packed.data());
  std::string line;
  appendJsonLine(line, unpack(packed));
  return line;
}

TEST(AccessRecord, EndedWell) {
  EXPECT_EQ(jsonOf(sample()),
            R"({"time":"2024-02-29T12:34:56.789Z","client":"192.0.2.7","client_port":40123,)"
            R"("method":"GET","host":"shop.example.com","path":"/api?q=\"x\"","status":200,)"
            R"("bytes_in":0,"bytes_out":18446744073709551615,"route":"shop.example.com /api",)"
            R"("pool":"api","server":"10.0.1.1:9000","attempts":2,"head_ms":0.250,)"
            R"("queue_ms":0.000,"connect_ms":1.235,"first_byte_ms":2000.000,)"
            R"("total_ms":3600000.000,"request_id":"0123456789abcdef"})"
            "\n");
}

TEST(AccessRecord, EndedBadlyOverAnOpenConnection) {
  AccessRecord record = sample();
  record.why = "response_head timeout";
  record.blocked_by = "ip_reject 10.0.0.0/8";
  record.reused_connection = true;
  const std::string line = jsonOf(record);
  EXPECT_NE(line.find(R"("attempts":2,"reused_connection":true,"head_ms")"), std::string::npos);
  EXPECT_NE(line.find(R"("why":"response_head timeout","blocked_by":"ip_reject 10.0.0.0/8"})"),
            std::string::npos);
}

TEST(AccessRecord, MirroredAndOfAPriority) {
  AccessRecord record = sample();
  record.mirror = "shadow";
  record.priority = "batch";
  EXPECT_NE(jsonOf(record).find(
                R"("request_id":"0123456789abcdef","mirror":"shadow","priority":"batch"})"),
            std::string::npos);
}

TEST(AccessRecord, NothingKnown) {
  EXPECT_EQ(jsonOf({}),
            R"({"time":"1970-01-01T00:00:00.000Z","client":"::","client_port":0,"method":"",)"
            R"("host":"","path":"","status":0,"bytes_in":0,"bytes_out":0,"route":"","pool":"",)"
            R"("server":"","attempts":0,"head_ms":0.000,"queue_ms":0.000,"connect_ms":0.000,)"
            R"("first_byte_ms":0.000,"total_ms":0.000,"request_id":""})"
            "\n");
}

TEST(AccessRecord, BackwardClockIsZero) {
  AccessRecord record;
  record.total = -5ms;
  EXPECT_NE(jsonOf(record).find(R"("total_ms":0.000)"), std::string::npos);
}

TEST(AccessRecord, LongTextIsCut) {
  AccessRecord record;
  const std::string path(70'000, 'p');
  record.path = path;
  EXPECT_LT(jsonOf(record).size(), kLongestLoggedText + 1000);
}

TEST(AccessRecord, Ipv6Client) {
  AccessRecord record;
  record.client = *IpAddress::parse("2001:db8::1");
  EXPECT_NE(jsonOf(record).find(R"("client":"2001:db8::1")"), std::string::npos);
}

}  // namespace
}  // namespace fairlead
