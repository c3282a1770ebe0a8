// The receive window: what it borrows, what it moves, and what stays where it is.
#include "session/receive_window.h"

#include <gtest/gtest.h>

#include <cstring>
#include <string>

namespace fairlead::session {
namespace {

using io::BufferSize;

class Window : public testing::TestWithParam<BufferSize> {
 protected:
  // As a read of the socket would do it.
  void receive(std::string_view bytes) {
    const std::span<char> room = window_.room();
    ASSERT_GE(room.size(), bytes.size());
    std::memcpy(room.data(), bytes.data(), bytes.size());
    window_.received(bytes.size());
  }
  std::string unread() const {
    const std::span<char> bytes = window_.unread();
    return {bytes.data(), bytes.size()};
  }
  size_t size() const { return io::bytesOf(GetParam()); }

  io::BufferPool pool_;
  ReceiveWindow window_{pool_, GetParam()};
};

INSTANTIATE_TEST_SUITE_P(Sizes, Window, testing::Values(BufferSize::Small, BufferSize::Large),
                         [](const auto& given) {
                           return given.param == BufferSize::Small ? "small" : "large";
                         });

TEST_P(Window, BorrowsOnlyWhenThereIsSomethingToReceive) {
  EXPECT_FALSE(window_.hasBuffer());
  EXPECT_TRUE(window_.empty());
  EXPECT_EQ(window_.room().size(), size());
  EXPECT_TRUE(window_.hasBuffer());
  window_.startMessage();
  EXPECT_FALSE(window_.hasBuffer());
}

TEST_P(Window, GivesOutWhatCameInOrder) {
  receive("abc");
  receive("def");
  EXPECT_EQ(unread(), "abcdef");
  window_.consume(4);
  EXPECT_EQ(unread(), "ef");
  EXPECT_FALSE(window_.empty());
}

TEST_P(Window, WhatLandsMovesToABufferOfTheFirstSizeWhereItFits) {
  for (const size_t bytes : {size_t{1}, size() - 1, size(), io::bytesOf(BufferSize::Large)}) {
    SCOPED_TRACE(bytes);
    ReceiveWindow window(pool_, GetParam());
    const std::span<char> place = window.landing();
    ASSERT_EQ(place.size(), io::bytesOf(BufferSize::Large));
    window.landed(0);
    EXPECT_FALSE(window.hasBuffer());
    std::memset(place.data(), 'x', bytes);
    place[bytes - 1] = 'y';
    window.landed(bytes);
    // The next message of another window lands somewhere else.
    std::memset(ReceiveWindow(pool_).landing().data(), 'z', bytes);
    const std::span<char> unread = window.unread();
    EXPECT_EQ(std::string(unread.data(), unread.size()), std::string(bytes - 1, 'x') + "y");
    EXPECT_EQ(window.room().size(),
              bytes < size() ? size() - bytes : io::bytesOf(BufferSize::Large) - bytes);
  }
}

TEST_P(Window, UsedUpBytesMakeRoomAgain) {
  receive(std::string(size(), 'x'));
  EXPECT_TRUE(window_.room().empty());
  window_.consume(size());
  EXPECT_EQ(window_.room().size(), size());
}

TEST_P(Window, UnreadBytesMoveToMakeRoom) {
  receive(std::string(size() - 4, 'x') + "tail");
  window_.consume(size() - 4);
  EXPECT_EQ(window_.room().size(), size() - 4);
  EXPECT_EQ(unread(), "tail");
}

TEST_P(Window, APinnedHeadStaysWhereItIs) {
  receive("HEADbody");
  const char* const head = window_.unread().data();
  window_.pinHead(4);
  EXPECT_EQ(unread(), "body");
  window_.consume(4);
  for (int round = 0; round < 5; ++round) {
    receive(std::string(window_.room().size(), 'y'));
    window_.consume(window_.unread().size() - 1);
    EXPECT_FALSE(window_.room().empty());
    window_.consume(1);
    EXPECT_EQ(std::string_view(head, 4), "HEAD");
  }
}

TEST_P(Window, APinnedHeadStaysWhenTheBodyNeedsALargeBuffer) {
  receive("HEADbo");
  const char* const head = window_.unread().data();
  window_.pinHead(4);
  for (int round = 0; round < 3; ++round) {
    EXPECT_FALSE(window_.largeRoom().empty());
    EXPECT_EQ(unread(), "bo");
    EXPECT_EQ(std::string_view(head, 4), "HEAD");
  }
  window_.consume(2);
  const size_t pinned = GetParam() == BufferSize::Large ? 4 : 0;
  EXPECT_EQ(window_.largeRoom().size(), io::bytesOf(BufferSize::Large) - pinned);
}

TEST_P(Window, RewindGoesBackToTheEndOfTheHead) {
  receive("HEADbodyNEXT");
  window_.pinHead(4);
  window_.consume(4);
  EXPECT_EQ(unread(), "NEXT");
  window_.rewind();
  EXPECT_EQ(unread(), "bodyNEXT");
}

TEST_P(Window, TheNextMessageBeginsWithWhatIsUnread) {
  receive("HEADNEXT");
  window_.pinHead(4);
  window_.startMessage();
  EXPECT_EQ(unread(), "NEXT");
  EXPECT_TRUE(window_.hasBuffer());
  receive(" HEAD");
  EXPECT_EQ(unread(), "NEXT HEAD");
  window_.pinHead(9);
  window_.startMessage();
  EXPECT_FALSE(window_.hasBuffer());
}

TEST_P(Window, GrowsWhenAHeadDoesNotFit) {
  const std::string head(size() - 1, 'h');
  receive(head);
  EXPECT_FALSE(window_.mustGrow());
  receive("e");
  EXPECT_EQ(window_.mustGrow(), GetParam() == BufferSize::Small);
  if (!window_.mustGrow()) return;
  window_.grow();
  EXPECT_FALSE(window_.mustGrow());
  EXPECT_EQ(unread(), head + "e");
  EXPECT_EQ(window_.room().size(), io::bytesOf(BufferSize::Large) - size());
}

}  // namespace
}  // namespace fairlead::session
