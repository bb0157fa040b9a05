#include "frontend/http/request_head.h"

#include <gtest/gtest.h>

#include "frontend/http/method.h"
#include "frontend/http/request_parser.h"

namespace anteroom::frontend {
namespace {

class RequestHeadTest : public testing::Test {
 protected:
  const RequestHead& Parse(absl::string_view text) {
    size_t consumed = 0;
    EXPECT_EQ(parser_.Parse(text, &consumed), RequestParser::Event::kHead)
        << parser_.error().reason;
    return parser_.head();
  }

  HttpLimits limits_;
  RequestParser parser_{limits_};
};

TEST_F(RequestHeadTest, KeepsFieldsAsTheyCame) {
  const RequestHead& head = Parse("GET / HTTP/1.1\r\nHost: a\r\nX-B:  1 \r\nx-b:2\r\nX-B:\r\n\r\n");
  ASSERT_EQ(head.field_count(), 4u);
  EXPECT_EQ(head.field(1).name, "X-B");
  EXPECT_EQ(head.field(1).value, "1");
  EXPECT_EQ(head.field(2).name, "x-b");
  EXPECT_EQ(head.field(2).value, "2");
  EXPECT_EQ(head.field(3).value, "");
}

TEST_F(RequestHeadTest, FindsTheFirstFieldWhateverItsCase) {
  const RequestHead& head = Parse("GET / HTTP/1.1\r\nHost: a\r\nX-B: 1\r\nx-b: 2\r\n\r\n");
  EXPECT_EQ(head.Find("x-B"), "1");
  EXPECT_EQ(head.Find("host"), "a");
  EXPECT_EQ(head.Find("X-Bc"), std::nullopt);
  EXPECT_EQ(head.Find(""), std::nullopt);
}

TEST_F(RequestHeadTest, TellsWhatIsKnownOfTheMethod) {
  EXPECT_TRUE(Parse("PUT / HTTP/1.1\r\nHost: a\r\n\r\n").method_info()->idempotent);
}

TEST_F(RequestHeadTest, SaysWhetherConnectionNamesFields) {
  EXPECT_FALSE(Parse("GET / HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade, TE\r\n\r\n")
                   .connection_names_fields());
  parser_.Reset();
  EXPECT_TRUE(Parse("GET / HTTP/1.1\r\nHost: a\r\nConnection: close, X-Internal\r\n\r\n")
                  .connection_names_fields());
}

TEST(RequestHead, IsEmptyBeforeItIsParsed) {
  const RequestHead head;
  EXPECT_EQ(head.method(), "");
  EXPECT_EQ(head.target(), "");
  EXPECT_EQ(head.path(), "");
  EXPECT_EQ(head.query(), "");
  EXPECT_EQ(head.field_count(), 0u);
}

}  // namespace
}  // namespace anteroom::frontend
