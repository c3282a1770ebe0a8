// A simulated server at work and in trouble.
#include "simulation/origin.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace fairlead::simulation {
namespace {

using testing::ElementsAre;

constexpr TimePoint kBegin{1h};

class OneOrigin : public testing::Test {
 protected:
  void arrive(uint32_t about) { origin_.arrive({.about = about}); }

  // Until nothing is planned before `time`: what was answered, and when.
  std::vector<std::pair<uint32_t, Duration>> answersOf(size_t events) {
    std::vector<std::pair<uint32_t, Duration>> answers;
    for (size_t i = 0; i < events; ++i)
      if (const auto job = origin_.onServed(timeline_.next()))
        answers.emplace_back(job->about, timeline_.now() - kBegin);
    return answers;
  }
  void passTo(Duration time) {
    timeline_.plan(kBegin + time, {});
    timeline_.next();
  }
  static std::vector<uint32_t> aboutOf(const std::vector<Job>& jobs) {
    std::vector<uint32_t> about;
    for (const Job& job : jobs) about.push_back(job.about);
    return about;
  }

  OriginModel model_{.workers = 2, .service = ServiceTime::fixed(10ms)};
  Timeline timeline_{kBegin, {}};
  Origin origin_{model_, 0, timeline_, kBegin + 1s};
};

using Answer = std::pair<uint32_t, Duration>;

TEST_F(OneOrigin, WorksOnSoManyAtOnceAndKeepsTheOthersInOrder) {
  for (uint32_t i = 1; i <= 5; ++i) arrive(i);
  EXPECT_THAT(answersOf(5), ElementsAre(Answer{1, 10ms}, Answer{2, 10ms}, Answer{3, 20ms},
                                        Answer{4, 20ms}, Answer{5, 30ms}));
  EXPECT_EQ(origin_.worked(), 50ms);
}

TEST_F(OneOrigin, LosesAllThatItHasWhenItGoesDown) {
  const Trouble down{.kind = Trouble::Kind::Down};
  for (uint32_t i = 1; i <= 3; ++i) arrive(i);
  passTo(4ms);
  EXPECT_EQ(aboutOf(origin_.begin(down)).size(), 3u);
  EXPECT_FALSE(origin_.accepts());
  EXPECT_EQ(origin_.worked(), 8ms);
  passTo(5ms);
  EXPECT_TRUE(origin_.end(down).empty());
  EXPECT_TRUE(origin_.accepts());
  arrive(4);
  EXPECT_THAT(answersOf(3), ElementsAre(Answer{4, 15ms}));  // two events of the life before
}

TEST_F(OneOrigin, HoldsItsAnswersWhileItHangs) {
  const Trouble hang{.kind = Trouble::Kind::Hang};
  arrive(1);
  origin_.begin(hang);
  EXPECT_TRUE(origin_.accepts());
  arrive(2);
  EXPECT_TRUE(answersOf(1).empty());
  passTo(50ms);
  EXPECT_THAT(aboutOf(origin_.end(hang)), ElementsAre(1u));
  EXPECT_THAT(answersOf(1), ElementsAre(Answer{2, 60ms}));
}

TEST_F(OneOrigin, SlowsDownForWhatItBegins) {
  const Trouble slow{.kind = Trouble::Kind::Slow, .amount = 3};
  arrive(1);
  origin_.begin(slow);
  arrive(2);
  EXPECT_THAT(answersOf(2), ElementsAre(Answer{1, 10ms}, Answer{2, 30ms}));
  origin_.end(slow);
  arrive(3);
  EXPECT_THAT(answersOf(1), ElementsAre(Answer{3, 40ms}));
}

TEST_F(OneOrigin, StaysDownUntilTheLastReasonIsGone) {
  const Trouble first{.kind = Trouble::Kind::Down};
  const Trouble second{.kind = Trouble::Kind::Down};
  origin_.begin(first);
  origin_.begin(second);
  origin_.end(first);
  EXPECT_FALSE(origin_.accepts());
  origin_.end(second);
  EXPECT_TRUE(origin_.accepts());
}

TEST_F(OneOrigin, DecidesAboutErrorsByTheJobsLuck) {
  const Trouble errors{.kind = Trouble::Kind::Errors, .amount = 0.3};
  origin_.begin(errors);
  constexpr uint32_t kJobs = 10'000;
  uint32_t failed = 0;
  for (uint32_t i = 0; i < kJobs; ++i) origin_.arrive({.about = i, .luck = i});
  for (uint32_t i = 0; i < kJobs; ++i)
    if (const auto job = origin_.onServed(timeline_.next()); job && job->is_error) ++failed;
  EXPECT_NEAR(failed, 0.3 * kJobs, 0.02 * kJobs);
}

}  // namespace
}  // namespace fairlead::simulation
