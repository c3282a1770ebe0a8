// Times and numbers as people say them.
#include "admin/words.h"

#include <gtest/gtest.h>

namespace fairlead::admin {
namespace {

using namespace std::chrono_literals;

TEST(Words, TellSpans) {
  const struct {
    Duration span;
    const char* text;
  } rows[] = {
      {0ms, "under 0.1s"},    {-5s, "under 0.1s"}, {49ms, "under 0.1s"}, {50ms, "0.1s"},
      {400ms, "0.4s"},        {1s, "1s"},          {6340ms, "6.3s"},     {9949ms, "9.9s"},
      {9950ms, "10s"},        {59499ms, "59s"},    {59500ms, "1m"},      {125s, "2m 5s"},
      {3599s, "59m 59s"},     {3600s, "1h"},       {11559s, "3h 12m"},   {24h, "1d"},
      {52h + 59min, "2d 4h"}, {366 * 24h, "366d"},
  };
  for (const auto& row : rows) EXPECT_EQ(spanText(row.span), row.text) << row.span.count();
}

TEST(Words, TellLatencies) {
  const struct {
    Duration span;
    const char* text;
  } rows[] = {
      {0ms, "under 0.1 ms"}, {40us, "under 0.1 ms"}, {400us, "0.4 ms"}, {3ms, "3 ms"},
      {9940us, "9.9 ms"},    {9960us, "10 ms"},      {12ms, "12 ms"},   {999ms, "999 ms"},
      {999600us, "1s"},      {1200ms, "1.2s"},       {75s, "1m 15s"},
  };
  for (const auto& row : rows) EXPECT_EQ(latencyText(row.span), row.text) << row.span.count();
}

TEST(Words, TellShares) {
  const struct {
    double share;
    const char* text;
  } rows[] = {
      {0, "0 %"},        {0.0001, "under 0.1 %"}, {0.004, "0.4 %"}, {0.05, "5 %"},
      {0.0994, "9.9 %"}, {0.0996, "10 %"},        {0.37, "37 %"},   {1, "100 %"},
  };
  for (const auto& row : rows) EXPECT_EQ(percentText(row.share), row.text) << row.share;
}

}  // namespace
}  // namespace fairlead::admin
