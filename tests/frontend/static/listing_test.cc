// Which entries a listing has, and when there is one.
#include <fcntl.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "frontend/static/directory_reader.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/frontend/static/static_server.h"
#include "tests/frontend/static/temp_tree.h"

namespace anteroom::frontend {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class ListingTest : public testing::Test {
 protected:
  ListingTest() { tree_.MakeDirectory("root"); }

  DirectoryContents Read(const std::string& relative, const WalkPolicy& policy = {},
                         size_t most = 100) {
    const absl::StatusOr<UniqueFd> root = OpenRoot(tree_.Path("root"));
    EXPECT_TRUE(root.ok()) << root.status();
    return ReadDirectoryBeneath(root->get(), relative, policy, most);
  }
  std::vector<std::string> Names(const WalkPolicy& policy = {}) {
    std::vector<std::string> names;
    for (const DirectoryEntry& entry : Read("", policy).entries) names.push_back(entry.name);
    return names;
  }
  StaticConfig Config() {
    StaticConfig config = StaticServer::ConfigOf(tree_.Path("root"));
    config.listing = true;
    return config;
  }

  TempTree tree_;
};

TEST_F(ListingTest, IsInTheOrderThatPeopleCount) {
  for (const char* name : {"file10", "File2", "file1", "b", "A", "a", "file02", "x/y", "c/y"}) {
    tree_.Write(absl::StrCat("root/", name), "1");
  }
  EXPECT_THAT(Names(), ElementsAre("c", "x", "A", "a", "b", "file1", "File2", "file02", "file10"));
}

TEST_F(ListingTest, OrderIsTotal) {
  std::vector<DirectoryEntry> entries;
  for (const char* name : {"1", "01", "001", "a1b", "a01b", "a1", "A1", "", "a", "\xff", "1a"}) {
    entries.push_back({name, false, 0, 0});
  }
  for (const DirectoryEntry& a : entries) {
    EXPECT_FALSE(ListingOrder(a, a));
    for (const DirectoryEntry& b : entries) {
      if (a.name != b.name) {
        EXPECT_NE(ListingOrder(a, b), ListingOrder(b, a)) << a.name << b.name;
      }
      for (const DirectoryEntry& c : entries) {
        if (ListingOrder(a, b) && ListingOrder(b, c)) {
          EXPECT_TRUE(ListingOrder(a, c)) << a.name << b.name << c.name;
        }
      }
    }
  }
}

TEST_F(ListingTest, LeavesOutWhatIsNotServed) {
  tree_.Write("root/page.txt", "page");
  tree_.Write("root/.hidden", "x");
  tree_.Write("root/.well-known/x", "x");
  tree_.Write("root/new\nline", "x");
  tree_.Write("root/back\\slash", "x");
  tree_.Write("root/\xff", "x");
  tree_.Write("outside/secret", "x");
  tree_.SymbolicLink("page.txt", "root/inside");
  tree_.SymbolicLink("../outside", "root/outside");
  tree_.SymbolicLink("nowhere", "root/dangling");
  ASSERT_EQ(mkfifo(tree_.Path("root/fifo").c_str(), 0666), 0);
  EXPECT_THAT(Names(), ElementsAre(".well-known", "page.txt", "\xff"));
  EXPECT_THAT(Names({SymlinkPolicy::kWithin, false}),
              ElementsAre(".well-known", "inside", "page.txt", "\xff"));
  EXPECT_THAT(Names({SymlinkPolicy::kNone, true}),
              ElementsAre(".well-known", ".hidden", "page.txt", "\xff"));
}

TEST_F(ListingTest, LeavesOutWhatMayNotBeRead) {
  tree_.Write("root/private.txt", "x");
  ASSERT_EQ(chmod(tree_.Path("root/private.txt").c_str(), 0), 0);
  if (geteuid() == 0) {
    EXPECT_THAT(Names(), ElementsAre("private.txt")) << "root may";
  } else {
    EXPECT_THAT(Names(), IsEmpty());
  }
}

TEST_F(ListingTest, IsBounded) {
  for (int i = 0; i < 10; ++i) tree_.Write(absl::StrCat("root/f", i), "x");
  EXPECT_FALSE(Read("", {}, 10).cut);
  const DirectoryContents few = Read("", {}, 9);
  EXPECT_TRUE(few.cut);
  EXPECT_EQ(few.entries.size(), 9u);
  for (int i = 0; i < 100; ++i) tree_.Write(absl::StrCat("root/d/.", i), "x");
  EXPECT_TRUE(Read("d", {}, 9).cut) << "what is not shown costs time, too";
}

TEST_F(ListingTest, OnlyDirectoriesHaveOne) {
  tree_.Write("root/file", "x");
  tree_.Write("outside/secret", "x");
  tree_.SymbolicLink("../outside", "root/outside");
  for (const char* name : {"file", "nowhere", "outside", "..", "../outside"}) {
    EXPECT_EQ(Read(name).found, Found::kMissing) << name;
    EXPECT_EQ(Read(name, {SymlinkPolicy::kWithin, true}).found, Found::kMissing) << name;
  }
}

TEST_F(ListingTest, IsServedForADirectoryWithoutIndex) {
  tree_.Write("root/sub/a.txt", "a");
  tree_.Write("root/with/index.html", "index");
  StaticServer server(Config());
  const StaticReply reply = server.Get("/sub/");
  ASSERT_EQ(reply.status, 200);
  EXPECT_TRUE(absl::StrContains(BodyOf(reply), "href=\"./a.txt\""));
  const absl::string_view fields = reply.file->ok_fields();
  EXPECT_TRUE(absl::StartsWith(fields, "Content-Type: text/html; charset=utf-8\r\n"));
  EXPECT_TRUE(absl::StrContains(fields, "Content-Security-Policy: default-src 'none'; "));
  EXPECT_TRUE(absl::StrContains(fields, "Cache-Control: no-cache\r\n"));
  EXPECT_FALSE(absl::StrContains(fields, "ETag"));
  EXPECT_FALSE(absl::StrContains(fields, "Last-Modified"));
  EXPECT_EQ(BodyOf(server.Get("/with/")), "index");
  EXPECT_EQ(server.Get("/sub").status, 301);
  EXPECT_EQ(server.Get("/nowhere/").status, 404);
  EXPECT_EQ(server.Get("/sub/a.txt/").status, 404);
  EXPECT_EQ(server.Get("/.git/").status, 404);
}

TEST_F(ListingTest, IsOffUnlessWanted) {
  tree_.Write("root/sub/a.txt", "a");
  StaticServer server(tree_.Path("root"));
  EXPECT_EQ(server.Get("/sub/").status, 404);
  EXPECT_EQ(server.Get("/").status, 404);
}

TEST_F(ListingTest, NoConditionMakesItA304) {
  StaticServer server(Config());
  StaticRequest request = StaticServer::Request("/");
  request.conditions.if_none_match = "*";
  request.conditions.if_modified_since = "Fri, 31 Dec 2100 23:59:59 GMT";
  for (int i = 0; i < 2; ++i) EXPECT_EQ(server.Ask(request).status, 200);
}

TEST_F(ListingTest, ShowsWhatHasChangedAfterTheUsualTime) {
  tree_.Write("root/a.txt", "a");
  StaticServer server(Config());
  ASSERT_TRUE(absl::StrContains(BodyOf(server.Get("/")), "a.txt"));
  tree_.Write("root/b.txt", "b");
  EXPECT_FALSE(absl::StrContains(BodyOf(server.Get("/")), "b.txt")) << "from the cache";
  server.Advance(kStale);
  EXPECT_TRUE(absl::StrContains(BodyOf(server.Get("/")), "b.txt"));
  tree_.Write("root/index.html", "index");
  server.Advance(kStale);
  EXPECT_EQ(BodyOf(server.Get("/")), "index");
}

TEST_F(ListingTest, OneServesClientsOfAllCodings) {
  tree_.Write("root/a.txt", "a");
  StaticConfig config = Config();
  for (const auto coding : {ContentCoding::kBrotli, ContentCoding::kZstd, ContentCoding::kGzip}) {
    config.precompressed.Add(coding);
  }
  StaticServer server(config);
  const auto plain = server.Get("/").file;
  StaticRequest request = StaticServer::Request("/");
  for (const auto coding : {ContentCoding::kGzip, ContentCoding::kZstd, ContentCoding::kBrotli}) {
    request.codings.Append(coding);
    EXPECT_EQ(server.Ask(request).file, plain) << CodingName(coding);
  }
  EXPECT_EQ(server.cache().counters().misses.value(), 1u);
  EXPECT_EQ(server.cache().counters().cached_entries.value(), 1);

  // An index that comes is an index, in whatever coding.
  tree_.Write("root/index.html", "index");
  tree_.Write("root/index.html.gz", "gz");
  server.Advance(kStale);
  EXPECT_EQ(BodyOf(server.Get("/")), "index");
  EXPECT_EQ(BodyOf(server.Ask(request)), "gz");
}

TEST_F(ListingTest, FirstAskedForInACodingItIsTheSame) {
  tree_.Write("root/a.txt", "a");
  StaticConfig config = Config();
  config.precompressed.Add(ContentCoding::kGzip);
  StaticServer server(config);
  StaticRequest request = StaticServer::Request("/");
  request.codings.Append(ContentCoding::kGzip);
  const auto page = server.Ask(request).file;
  EXPECT_EQ(server.Get("/").file, page);
  EXPECT_EQ(server.cache().counters().cached_entries.value(), 1);
}

TEST_F(ListingTest, ThatIsTheSameAsBeforeIsNotKeptTwice) {
  tree_.Write("root/a.txt", "a");
  StaticServer server(Config());
  const auto before = server.Get("/").file;
  server.Advance(kStale);
  EXPECT_EQ(server.Get("/").file, before);
  EXPECT_EQ(server.cache().counters().misses.value(), 2u) << "it was looked at again";
}

TEST_F(ListingTest, HasTheOperatorsFieldsButItsOwnPolicy) {
  StaticConfig config = Config();
  config.cache_control = "max-age=31536000";
  config.headers.emplace_back("Content-Security-Policy", "default-src 'self'");
  config.headers.emplace_back("X-Frame-Options", "DENY");
  StaticServer server(config);
  const StaticReply reply = server.Get("/");
  ASSERT_EQ(reply.status, 200);
  const absl::string_view fields = reply.file->ok_fields();
  EXPECT_TRUE(absl::StrContains(fields, "X-Frame-Options: DENY\r\n"));
  EXPECT_TRUE(absl::StrContains(fields, "X-Content-Type-Options: nosniff\r\n"));
  EXPECT_FALSE(absl::StrContains(fields, "max-age"));
  EXPECT_FALSE(absl::StrContains(fields, "'self'"));
}

TEST_F(ListingTest, CountsThoseThatAreCut) {
  for (int i = 0; i < 4200; ++i) tree_.Write(absl::StrCat("root/", i), "");
  StaticServer server(Config());
  const StaticReply reply = server.Get("/");
  EXPECT_TRUE(absl::StrContains(BodyOf(reply), "Only 4096 entries are shown"));
  EXPECT_EQ(server.cache().counters().listings_cut.value(), 1u);
}

}  // namespace
}  // namespace anteroom::frontend
