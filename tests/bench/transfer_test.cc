#include "bench/transfer.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/str_cat.h"

namespace anteroom::bench {
namespace {

using State = Transfer::State;
using Failure = Transfer::Failure;

constexpr size_t kBytes = 1000;

std::string Answer(absl::string_view body, absl::string_view status = "200 OK") {
  return absl::StrCat("HTTP/1.1 ", status, "\r\nContent-Length: ", body.size(), "\r\n\r\n", body);
}

// All that the transfer sends, in pieces of at most `most` bytes.
std::string SendAll(Transfer* transfer, size_t most) {
  std::string sent;
  while (!transfer->Unsent().empty()) {
    const absl::string_view piece = transfer->Unsent().substr(0, most);
    sent.append(piece.data(), piece.size());
    transfer->MarkSent(piece.size());
  }
  return sent;
}

class UploadTest : public testing::Test {
 protected:
  std::string Right(size_t number) const {
    return absl::StrCat("{\"body_sha256\":\"", plan_.UploadDigest(number), "\"}");
  }
  const TransferPlan plan_{Direction::kUpload, "/diag/echo", kBytes};
  Transfer transfer_{&plan_, 3};
};

TEST_F(UploadTest, SendsHeadAndBodyHoweverTheyAreSplit) {
  const std::string sent = SendAll(&transfer_, 7);
  EXPECT_EQ(sent, absl::StrCat(plan_.head(), plan_.UploadBody(3)));
  EXPECT_NE(sent.find("Content-Length: 1000\r\n\r\n"), std::string::npos);
  EXPECT_EQ(transfer_.moved(), kBytes);
}

TEST_F(UploadTest, TheHeadIsNotPartOfThePace) {
  transfer_.MarkSent(plan_.head().size() - 1);
  EXPECT_EQ(transfer_.moved(), 0u);
  transfer_.MarkSent(11);
  EXPECT_EQ(transfer_.moved(), 10u);
}

TEST_F(UploadTest, VariantsDiffer) {
  EXPECT_NE(plan_.UploadBody(0), plan_.UploadBody(1));
  EXPECT_NE(plan_.UploadDigest(0), plan_.UploadDigest(1));
  EXPECT_EQ(plan_.UploadBody(TransferPlan::kVariants - 1).size(), kBytes);
}

TEST_F(UploadTest, WantsTheDigestOfItsOwnBody) {
  SendAll(&transfer_, kBytes);
  const std::string answer = Answer(Right(3));
  for (char byte : answer.substr(0, answer.size() - 1)) {
    ASSERT_EQ(transfer_.Feed(absl::string_view(&byte, 1)), State::kRunning);
  }
  EXPECT_EQ(transfer_.Feed(absl::string_view(answer).substr(answer.size() - 1)), State::kDone);

  Transfer other(&plan_, 4);
  EXPECT_EQ(other.Feed(answer), State::kFailed);
  EXPECT_EQ(other.failure(), Failure::kMismatch);
}

TEST_F(UploadTest, ARefusalEndsItBeforeAllIsSent) {
  EXPECT_EQ(transfer_.Feed(Answer("no", "503 Service Unavailable")), State::kFailed);
  EXPECT_EQ(transfer_.failure(), Failure::kStatus);
  EXPECT_EQ(transfer_.status(), 503);
}

class DownloadTest : public testing::Test {
 protected:
  const TransferPlan plan_{Direction::kDownload, "/diag/bytes?n=1000", kBytes};
  Transfer transfer_{&plan_, 0};
};

TEST_F(DownloadTest, SendsNoBody) {
  EXPECT_EQ(SendAll(&transfer_, 7), plan_.head());
  EXPECT_EQ(transfer_.moved(), 0u);
}

TEST_F(DownloadTest, TakesTheRightBytesHoweverTheyAreSplit) {
  const std::string answer = Answer(plan_.DownloadBody());
  for (size_t i = 0; i + 1 < answer.size(); ++i) {
    ASSERT_EQ(transfer_.Feed(absl::string_view(answer).substr(i, 1)), State::kRunning) << i;
  }
  EXPECT_EQ(transfer_.moved(), kBytes - 1);
  EXPECT_EQ(transfer_.Feed(absl::string_view(answer).substr(answer.size() - 1)), State::kDone);
}

TEST_F(DownloadTest, OneWrongByteIsAMismatch) {
  std::string body(plan_.DownloadBody());
  body[500] = static_cast<char>(body[500] ^ 1);
  EXPECT_EQ(transfer_.Feed(Answer(body)), State::kFailed);
  EXPECT_EQ(transfer_.failure(), Failure::kMismatch);
}

TEST_F(DownloadTest, AnotherLengthIsAMismatch) {
  EXPECT_EQ(transfer_.Feed(Answer(plan_.DownloadBody().substr(1))), State::kFailed);
  EXPECT_EQ(transfer_.failure(), Failure::kMismatch);
}

TEST_F(DownloadTest, BytesBehindTheEndAreMalformed) {
  EXPECT_EQ(transfer_.Feed(Answer(plan_.DownloadBody()) + "x"), State::kFailed);
  EXPECT_EQ(transfer_.failure(), Failure::kMalformed);
}

TEST_F(DownloadTest, TakesChunks) {
  const std::string body(plan_.DownloadBody());
  const std::string head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
  const std::string rest = absl::StrCat(body.substr(100), "\r\n0\r\n\r\n");
  EXPECT_EQ(transfer_.Feed(absl::StrCat(head, "64\r\n", body.substr(0, 100), "\r\n384\r\n")),
            State::kRunning);
  EXPECT_EQ(transfer_.Feed(rest), State::kDone);

  Transfer too_short(&plan_, 0);
  EXPECT_EQ(too_short.Feed(absl::StrCat(head, "64\r\n", body.substr(0, 100), "\r\n0\r\n\r\n")),
            State::kFailed);
  EXPECT_EQ(too_short.failure(), Failure::kMismatch);
}

TEST_F(DownloadTest, UncheckedOnlyTheLengthCounts) {
  const TransferPlan plan(Direction::kDownload, "/", 3, 1, false);
  Transfer transfer(&plan, 0);
  EXPECT_EQ(transfer.Feed(Answer("any")), State::kDone);
}

TEST_F(DownloadTest, WithoutALengthItIsMalformed) {
  EXPECT_EQ(transfer_.Feed("HTTP/1.1 200 OK\r\n\r\n"), State::kFailed);
  EXPECT_EQ(transfer_.failure(), Failure::kMalformed);
}

}  // namespace
}  // namespace anteroom::bench
