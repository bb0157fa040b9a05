#include "frontend/net/unsent_bound.h"

#include <unistd.h>

#include "common/unique_fd.h"
#include "gtest/gtest.h"

namespace anteroom::frontend {
namespace {

using std::chrono::milliseconds;

int KernelsBound(int socket) {
  int bytes = -1;
  socklen_t length = sizeof bytes;
  EXPECT_EQ(getsockopt(socket, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &bytes, &length), 0);
  return bytes;
}

class UnsentBoundTest : public testing::Test {
 protected:
  UniqueFd socket_{::socket(AF_INET, SOCK_STREAM, 0)};
  UnsentBound bound_;
};

TEST_F(UnsentBoundTest, BeginsWithLittle) {
  bound_.Begin(socket_.get());
  EXPECT_EQ(KernelsBound(socket_.get()), UnsentBound::kLeast);
}

TEST_F(UnsentBoundTest, GrowsForAClientThatTakesItAtOnceUpToABound) {
  bound_.Begin(socket_.get());
  int before = bound_.bytes();
  while (before < UnsentBound::kMost) {
    bound_.OnWritable(socket_.get(), milliseconds(1));
    EXPECT_EQ(bound_.bytes(), 4 * before);
    EXPECT_EQ(KernelsBound(socket_.get()), bound_.bytes());
    before = bound_.bytes();
  }
  bound_.OnWritable(socket_.get(), milliseconds(1));
  EXPECT_EQ(bound_.bytes(), UnsentBound::kMost);
}

TEST_F(UnsentBoundTest, StaysForAClientThatTakesItsTime) {
  bound_.Begin(socket_.get());
  bound_.OnWritable(socket_.get(), UnsentBound::kFast);
  EXPECT_EQ(KernelsBound(socket_.get()), UnsentBound::kLeast);
}

TEST_F(UnsentBoundTest, ASocketThatIsNotTcpIsNoError) {
  const UniqueFd local(::socket(AF_UNIX, SOCK_STREAM, 0));
  bound_.Begin(local.get());
  bound_.OnWritable(local.get(), milliseconds(1));
  EXPECT_GT(bound_.bytes(), UnsentBound::kLeast);
}

}  // namespace
}  // namespace anteroom::frontend
