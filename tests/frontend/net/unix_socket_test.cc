#include "frontend/net/unix_socket.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace anteroom::frontend {
namespace {

using testing::HasSubstr;

class UnixSocketTest : public testing::Test {
 protected:
  UnixSocketTest() { std::remove(path_.c_str()); }
  ~UnixSocketTest() override { std::remove(path_.c_str()); }

  bool CanConnect() const {
    const UniqueFd client(socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path_.c_str(), sizeof address.sun_path - 1);
    return connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  }
  bool Exists() const { return access(path_.c_str(), F_OK) == 0; }

  const std::string path_ = testing::TempDir() + "/anteroom-unix-" + std::to_string(getpid());
};

TEST_F(UnixSocketTest, ListensWithItsMode) {
  const auto socket = ListenUnix(path_, 0640);
  ASSERT_TRUE(socket.ok()) << socket.status();
  struct stat status;
  ASSERT_EQ(stat(path_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0640u);
  EXPECT_TRUE(CanConnect());
}

TEST_F(UnixSocketTest, ListensAsLongAsOneOfItsDescriptorsIsOpen) {
  auto socket = ListenUnix(path_, 0600);
  ASSERT_TRUE(socket.ok()) << socket.status();
  auto copy = Duplicate(*socket);
  ASSERT_TRUE(copy.ok()) << copy.status();
  socket->Reset();
  EXPECT_TRUE(CanConnect());
  copy->Reset();
  EXPECT_FALSE(CanConnect());
}

TEST_F(UnixSocketTest, ReplacesAFileThatNobodyListensOn) {
  ASSERT_TRUE(ListenUnix(path_, 0600).ok());  // closed at once; the file stays
  ASSERT_TRUE(Exists());
  const auto again = ListenUnix(path_, 0600);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(CanConnect());
}

TEST_F(UnixSocketTest, LeavesAloneWhereSomebodyListens) {
  const auto socket = ListenUnix(path_, 0600);
  ASSERT_TRUE(socket.ok()) << socket.status();
  EXPECT_THAT(std::string(ListenUnix(path_, 0600).status().message()),
              HasSubstr(path_ + ": somebody listens there"));
  EXPECT_TRUE(CanConnect());
}

TEST_F(UnixSocketTest, LeavesAloneWhatIsNoSocket) {
  std::ofstream(path_) << "precious";
  EXPECT_THAT(std::string(ListenUnix(path_, 0600).status().message()),
              HasSubstr("there is a file that is no socket"));
  EXPECT_TRUE(Exists());
}

TEST_F(UnixSocketTest, SaysWhyItCannotListen) {
  EXPECT_THAT(std::string(ListenUnix("/no/such/directory/s", 0600).status().message()),
              HasSubstr("No such file or directory"));
  EXPECT_THAT(std::string(ListenUnix("/" + std::string(200, 'a'), 0600).status().message()),
              HasSubstr("too long"));
}

TEST_F(UnixSocketTest, TheFileGoesInTheEnd) {
  const auto socket = ListenUnix(path_, 0600);
  ASSERT_TRUE(socket.ok()) << socket.status();
  { const SocketFile file(path_); }
  EXPECT_FALSE(Exists());
}

TEST_F(UnixSocketTest, TheFileOfAnotherStays) {
  ASSERT_TRUE(ListenUnix(path_, 0600).ok());
  {
    const SocketFile file(path_);
    // Out of the way and not removed: its number could be given to the next one.
    const std::string moved = path_ + ".moved";
    ASSERT_EQ(std::rename(path_.c_str(), moved.c_str()), 0);
    ASSERT_TRUE(ListenUnix(path_, 0600).ok());
    std::remove(moved.c_str());
  }
  EXPECT_TRUE(Exists());
}

}  // namespace
}  // namespace anteroom::frontend
