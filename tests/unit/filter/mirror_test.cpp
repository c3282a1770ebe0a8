// mirror: its forms, its faults, and how an inner level reads over an outer one.
#include "filter/mirror.h"

#include <gtest/gtest.h>

#include "unit/filter/flow.h"

namespace fairlead::filter {
namespace {

constexpr uint64_t kKiB = 1024;

struct ReadRow {
  const char* name;
  const char* text;
  const char* pool;
  double share;
  uint64_t max_body;
  const char* finding;
};

const ReadRow kRows[] = {
    {"a name alone", "shadow", "shadow", 1, 64 * kKiB, ""},
    {"off", "off", "", 1, 64 * kKiB, ""},
    {"a pool that is called off", "\"off\"", "off", 1, 64 * kKiB, ""},
    {"the pool", "{ pool: shadow }", "shadow", 1, 64 * kKiB, ""},
    {"everything", "{ pool: shadow, percent: 10, max_body: 1MiB }", "shadow", 0.1, 1024 * kKiB, ""},
    {"with a percent sign", "{ pool: shadow, percent: 10% }", "shadow", 0.1, 64 * kKiB, ""},
    {"a part of a percent", "{ pool: shadow, percent: 0.5% }", "shadow", 0.005, 64 * kKiB, ""},
    {"nothing of it", "{ pool: shadow, percent: 0 }", "shadow", 0, 64 * kKiB, ""},
    {"all of it", "{ pool: shadow, percent: 100 }", "shadow", 1, 64 * kKiB, ""},
    {"no bodies", "{ pool: shadow, max_body: 0B }", "shadow", 1, 0, ""},
    {"the largest bodies", "{ pool: shadow, max_body: 16MiB }", "shadow", 1, 16384 * kKiB, ""},

    {"no pool", "{ percent: 10 }", "", 0.1, 64 * kKiB, "error: the mirror has no pool"},
    {"nothing", "{}", "", 1, 64 * kKiB, "error: the mirror has no pool"},
    {"an empty name", "\"\"", "", 1, 64 * kKiB, "error: this names no pool"},
    {"an empty pool", "{ pool: \"\" }", "", 1, 64 * kKiB, "error: this names no pool"},
    {"a pool of lists", "{ pool: [a] }", "", 1, 64 * kKiB, "error: this cannot be a list"},
    {"a list", "[a, b]", "", 1, 64 * kKiB, "error: mirror cannot be a list"},
    {"more than all", "{ pool: p, percent: 101 }", "p", 1, 64 * kKiB, "error: 101 is too large"},
    {"more than 100%", "{ pool: p, percent: 101% }", "p", 1, 64 * kKiB,
     "error: `101%` is more than 100%"},
    {"a fraction", "{ pool: p, percent: 0.5 }", "p", 1, 64 * kKiB,
     "error: `0.5` is not a whole number | did you mean `0.5%`?"},
    {"negative", "{ pool: p, percent: -1 }", "p", 1, 64 * kKiB, "error: `-1` is not a percentage"},
    {"no number", "{ pool: p, percent: some }", "p", 1, 64 * kKiB,
     "error: `some` is not a percentage"},
    {"a number in quotes", "{ pool: p, percent: \"10\" }", "p", 1, 64 * kKiB,
     "error: this is a text, because of its quotes"},
    {"a size without a unit", "{ pool: p, max_body: 64 }", "p", 1, 64 * kKiB,
     "error: the size `64` has no unit | did you mean `64B`?"},
    {"too large a body", "{ pool: p, max_body: 17MiB }", "p", 1, 64 * kKiB,
     "error: `17MiB` is more than a copy may have"},
    {"no limit", "{ pool: p, max_body: off }", "p", 1, 64 * kKiB, "error: `off` is not a size"},
    {"an unknown key", "{ pool: p, percentage: 10 }", "p", 1, 64 * kKiB,
     "error: unknown key `percentage` in mirror | did you mean `percent`?"},
};

TEST(Mirror, Reads) {
  for (const ReadRow& row : kRows) {
    SCOPED_TRACE(row.name);
    Diagnostics out;
    MirrorSettings mirror;
    mirror.read(flow(row.text), out);
    EXPECT_EQ(firstFinding(out), row.finding);
    EXPECT_LE(out.all().size(), 1u);
    EXPECT_EQ(mirror.pool.value, row.pool);
    EXPECT_EQ(mirror.isOn(), *row.pool != '\0');
    EXPECT_DOUBLE_EQ(mirror.share, row.share);
    EXPECT_EQ(mirror.max_body.value, row.max_body);
  }
}

struct MergeRow {
  const char* name;
  const char* outer;
  const char* inner;
  const char* pool;
  double share;
  const char* finding;
};

const MergeRow kMerges[] = {
    {"another share", "{ pool: a, percent: 10 }", "{ percent: 20 }", "a", 0.2, ""},
    {"another pool", "{ pool: a, percent: 10 }", "{ pool: b }", "b", 0.1, ""},
    {"the short form is the pool alone", "{ pool: a, percent: 10 }", "b", "b", 0.1, ""},
    {"off", "{ pool: a, percent: 10 }", "off", "", 1, ""},
    {"nothing is said", "{ pool: a, percent: 10 }", "{}", "a", 0.1, ""},
    {"off forgets", "off", "{ percent: 10 }", "", 0.1, "error: the mirror has no pool"},
    {"on again", "off", "a", "a", 1, ""},
};

TEST(Mirror, AnInnerLevelReadsOverTheOuterOne) {
  for (const MergeRow& row : kMerges) {
    SCOPED_TRACE(row.name);
    Diagnostics out;
    MirrorSettings mirror;
    mirror.read(flow(row.outer), out);
    ASSERT_TRUE(out.all().empty());
    mirror.read(flow(row.inner), out);
    EXPECT_EQ(firstFinding(out), row.finding);
    EXPECT_EQ(mirror.pool.value, row.pool);
    EXPECT_DOUBLE_EQ(mirror.share, row.share);
  }
}

TEST(Mirror, ShowsWhatReadsBack) {
  for (const ReadRow& row : kRows) {
    if (*row.finding != '\0' || *row.pool == '\0') continue;
    SCOPED_TRACE(row.name);
    Diagnostics out;
    MirrorSettings mirror;
    mirror.read(flow(row.text), out);
    const Value shown = mirror.show();
    MirrorSettings again;
    again.read(shown, out);
    EXPECT_EQ(firstFinding(out), "");
    EXPECT_EQ(again.pool.value, mirror.pool.value);
    EXPECT_DOUBLE_EQ(again.share, mirror.share);
    EXPECT_EQ(again.max_body.value, mirror.max_body.value);
    EXPECT_EQ(shown.find("pool")->mark, mirror.pool.origin);
  }
  EXPECT_TRUE(MirrorSettings().show().entries.empty());
}

}  // namespace
}  // namespace fairlead::filter
