#include "frontend/static/listing_page.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "frontend/static/html_text.h"
#include "gtest/gtest.h"

namespace anteroom::frontend {
namespace {

std::string Html(absl::string_view text) {
  std::string html;
  AppendHtml(text, &html);
  return html;
}

std::string Url(absl::string_view text) {
  std::string url;
  AppendUrlSegment(text, &url);
  return url;
}

DirectoryContents With(std::vector<DirectoryEntry> entries) {
  DirectoryContents contents;
  contents.found = Found::kDirectory;
  contents.entries = std::move(entries);
  return contents;
}

std::string Page(absl::string_view path, std::vector<DirectoryEntry> entries) {
  return MakeListingPage("/files/", path, With(std::move(entries))).html;
}

TEST(HtmlTextTest, EscapesWhatHtmlKnows) {
  EXPECT_EQ(Html("<img src=x onerror='a'&\">"), "&lt;img src=x onerror=&#39;a&#39;&amp;&quot;&gt;");
}

TEST(HtmlTextTest, KeepsUtf8AndReplacesTheRest) {
  EXPECT_EQ(Html("gr\xc3\xbc\xc3\x9f\xe2\x82\xac\xf0\x9f\x98\x80"),
            "gr\xc3\xbc\xc3\x9f\xe2\x82\xac\xf0\x9f\x98\x80");
  const std::string bad = "\xef\xbf\xbd";
  EXPECT_EQ(Html("a\xff z"), "a" + bad + " z");
  EXPECT_EQ(Html("\xc3"), bad);
  EXPECT_EQ(Html("\xc0\xaf"), bad + bad) << "overlong";
  EXPECT_EQ(Html("\xe0\x80\xaf"), bad + bad + bad) << "overlong";
  EXPECT_EQ(Html("\xed\xa0\x80"), bad + bad + bad) << "surrogate";
  EXPECT_EQ(Html("\xf4\x90\x80\x80"), bad + bad + bad + bad) << "beyond Unicode";
  EXPECT_EQ(Html("\xe2\x82<"), bad + bad + "&lt;") << "never eats what follows";
  EXPECT_EQ(Html("\x1b[1m\x7f\n"), bad + "[1m" + bad + bad);
}

TEST(HtmlTextTest, UrlSegmentsHoldUnreservedCharactersOnly) {
  EXPECT_EQ(Url("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(Url("a b&\"'<>?#%/:"), "a%20b%26%22%27%3C%3E%3F%23%25%2F%3A");
  EXPECT_EQ(Url("\xc3\xbc\xff"), "%C3%BC%FF");
}

TEST(ListingPageTest, ShowsNameSizeAndTime) {
  const std::string html = Page("/", {{"sub", true, 0, 0}, {"a b.txt", false, 1536, 1792715520}});
  EXPECT_TRUE(absl::StrContains(html, "<title>Index of /files/</title>"));
  EXPECT_TRUE(absl::StrContains(html,
                                "<tr><td><a class=\"d\" href=\"./sub/\"><bdi>sub</bdi>/</a></td>"
                                "<td></td><td>1970-01-01 00:00</td></tr>"));
  EXPECT_TRUE(absl::StrContains(html,
                                "<tr><td><a href=\"./a%20b.txt\"><bdi>a b.txt</bdi></a></td>"
                                "<td>1.5 KiB</td><td>2026-10-23 00:32</td></tr>"));
  EXPECT_FALSE(absl::StrContains(html, "\"../\"")) << "what is above the route is not ours";
}

TEST(ListingPageTest, SizesAreReadByPeople) {
  for (const auto& [bytes, text] :
       std::vector<std::pair<uint64_t, std::string>>{{0, "0 B"},
                                                     {1023, "1023 B"},
                                                     {1024, "1.0 KiB"},
                                                     {1024 * 1024 - 1, "1.0 MiB"},
                                                     {uint64_t{5} << 40, "5.0 TiB"},
                                                     {UINT64_MAX, "16.0 EiB"}}) {
    EXPECT_TRUE(absl::StrContains(Page("/", {{"f", false, bytes, 0}}), "<td>" + text + "</td>"))
        << text;
  }
}

TEST(ListingPageTest, LinksToTheDirectoriesOnTheWay) {
  const std::string html = Page("/a/b<c/", {});
  EXPECT_TRUE(absl::StrContains(html, "<title>Index of /files/a/b&lt;c/</title>"));
  EXPECT_TRUE(absl::StrContains(html,
                                "<h1>Index of <a href=\"../../\"><bdi>/files/</bdi></a>"
                                "<a href=\"../\"><bdi>a</bdi></a>/<bdi>b&lt;c</bdi>/</h1>"));
  EXPECT_TRUE(absl::StrContains(html, "href=\"../\">../</a>"));
  EXPECT_TRUE(absl::StrContains(html, "This directory is empty."));
}

TEST(ListingPageTest, NamesMakeNothingUp) {
  const std::string html = Page("/", {{"<script>alert(1)</script>", false, 1, 0},
                                      {"javascript:alert(1)", false, 1, 0},
                                      {"\" onclick=\"x", false, 1, 0},
                                      {"\xff.txt", false, 1, 0}});
  EXPECT_FALSE(absl::StrContains(html, "<script"));
  EXPECT_FALSE(absl::StrContains(html, "onclick=\"x"));
  EXPECT_TRUE(absl::StrContains(html, "href=\"./javascript%3Aalert%281%29\""));
  EXPECT_TRUE(absl::StrContains(html, "href=\"./%FF.txt\"><bdi>\xef\xbf\xbd.txt</bdi>"));
}

TEST(ListingPageTest, SaysThatItIsCut) {
  DirectoryContents contents = With({{"a", false, 1, 0}});
  EXPECT_FALSE(MakeListingPage("/", "/", contents).cut);
  contents.cut = true;
  const ListingPage page = MakeListingPage("/", "/", contents);
  EXPECT_TRUE(page.cut);
  EXPECT_TRUE(absl::StrContains(page.html, "Only 1 entries are shown; there are more."));
}

TEST(ListingPageTest, IsBoundedInBytes) {
  std::vector<DirectoryEntry> entries(1000, {std::string(255, '\''), false, 1, 0});
  const ListingPage page = MakeListingPage("/", "/", With(std::move(entries)), 100'000);
  EXPECT_TRUE(page.cut);
  EXPECT_LT(page.html.size(), 105'000u);
  EXPECT_TRUE(absl::EndsWith(page.html, "</html>\n"));
}

}  // namespace
}  // namespace anteroom::frontend
