// A directory with files for one test, removed with everything in it afterwards.
#ifndef ANTEROOM_TESTS_FRONTEND_STATIC_TEMP_TREE_H_
#define ANTEROOM_TESTS_FRONTEND_STATIC_TEMP_TREE_H_

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/string_view.h"
#include "gtest/gtest.h"

namespace anteroom::frontend {

class TempTree {
 public:
  TempTree() {
    std::string name = testing::TempDir() + "/anteroom_static_XXXXXX";
    EXPECT_NE(mkdtemp(name.data()), nullptr);
    top_ = name;
  }
  ~TempTree() {
    std::error_code ignored;
    std::filesystem::remove_all(top_, ignored);
  }
  TempTree(const TempTree&) = delete;
  TempTree& operator=(const TempTree&) = delete;

  std::string top() const { return top_.string(); }
  std::string Path(const std::string& relative) const { return (top_ / relative).string(); }

  std::string MakeDirectory(const std::string& relative) const {
    std::filesystem::create_directories(top_ / relative);
    return Path(relative);
  }
  // Parents are made as needed; an existing file is overwritten in place.
  std::string Write(const std::string& relative, absl::string_view content) const {
    std::filesystem::create_directories((top_ / relative).parent_path());
    std::ofstream out(top_ / relative, std::ios::binary | std::ios::trunc);
    out.write(content.data(), static_cast<std::streamsize>(content.size()));
    EXPECT_TRUE(out.flush()) << relative;
    return Path(relative);
  }
  // As a deployment should do it: a new file takes the name.
  void Replace(const std::string& relative, absl::string_view content) const {
    Write(relative + "~new", content);
    std::filesystem::rename(top_ / (relative + "~new"), top_ / relative);
  }
  void SymbolicLink(const std::string& target, const std::string& relative) const {
    std::filesystem::create_symlink(target, top_ / relative);
  }
  void SetModified(const std::string& relative, int64_t sec, int64_t nsec = 0) const {
    const timespec times[2] = {{sec, nsec}, {sec, nsec}};
    EXPECT_EQ(utimensat(AT_FDCWD, Path(relative).c_str(), times, 0), 0) << relative;
  }

 private:
  std::filesystem::path top_;
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_TESTS_FRONTEND_STATIC_TEMP_TREE_H_
