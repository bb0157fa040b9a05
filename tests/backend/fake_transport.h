// A stream under a link that only remembers, for tests without gRPC.
#ifndef ANTEROOM_TESTS_BACKEND_FAKE_TRANSPORT_H_
#define ANTEROOM_TESTS_BACKEND_FAKE_TRANSPORT_H_

#include <cstdint>
#include <optional>
#include <set>
#include <vector>

#include "absl/status/status.h"
#include "anteroom/v1/anteroom.pb.h"
#include "backend/src/link.h"
#include "common/mutex.h"
#include "gtest/gtest.h"

namespace anteroom::backend {

// Threading: any method from any thread. A write stays in flight until the test ends it with
// Link::OnWritten(), unless it is through at once.
class FakeTransport final : public LinkTransport {
 public:
  bool Write(const v1::BackendFrames& frames) override {
    MutexLock lock(&mu_);
    EXPECT_FALSE(in_flight_) << "two writes at a time";
    EXPECT_FALSE(closed_.has_value()) << "a write after the end";
    in_flight_ = !at_once_;
    written_.push_back(frames);
    changed_.NotifyAll();
    if (at_once_) NoteStarted(frames);
    return at_once_;
  }
  void Close(const absl::Status& status) override {
    MutexLock lock(&mu_);
    EXPECT_FALSE(in_flight_) << "closed with a write in flight";
    EXPECT_FALSE(closed_.has_value()) << "closed twice";
    closed_ = status;
    changed_.NotifyAll();
  }

  // The batch of that number, from 0; waits for it.
  v1::BackendFrames Batch(size_t number) {
    const Time deadline = Now() + std::chrono::seconds(20);
    MutexLock lock(&mu_);
    while (written_.size() <= number) {
      if (!changed_.WaitUntil(&mu_, deadline) && written_.size() <= number) {
        ADD_FAILURE() << "waited for batch " << number << ", " << written_.size() << " came";
        return {};
      }
    }
    return written_[number];
  }
  size_t batches() {
    MutexLock lock(&mu_);
    return written_.size();
  }
  std::optional<absl::Status> closed() {
    MutexLock lock(&mu_);
    return closed_;
  }
  // Whether writes that begin from now on are through at once.
  void WriteAtOnce(bool at_once) {
    MutexLock lock(&mu_);
    at_once_ = at_once;
  }
  bool in_flight() {
    MutexLock lock(&mu_);
    return in_flight_;
  }
  // Whether a report of that request's start is through.
  bool WasStarted(uint64_t id) {
    MutexLock lock(&mu_);
    return started_.count(id) > 0;
  }
  int StartedTwice() {
    MutexLock lock(&mu_);
    return started_twice_;
  }
  // Marks the write as ended and tells the link.
  void EndWrite(Link* link, bool ok = true) {
    {
      MutexLock lock(&mu_);
      in_flight_ = false;
      if (ok) NoteStarted(written_.back());
    }
    link->OnWritten(ok);
  }

 private:
  void NoteStarted(const v1::BackendFrames& frames) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
    for (const v1::Started& started : frames.started()) {
      started_twice_ += started_.insert(started.id()).second ? 0 : 1;
    }
  }

  Mutex mu_;
  CondVar changed_;
  bool at_once_ ABSL_GUARDED_BY(mu_) = false;
  std::set<uint64_t> started_ ABSL_GUARDED_BY(mu_);
  int started_twice_ ABSL_GUARDED_BY(mu_) = 0;
  bool in_flight_ ABSL_GUARDED_BY(mu_) = false;
  std::vector<v1::BackendFrames> written_ ABSL_GUARDED_BY(mu_);
  std::optional<absl::Status> closed_ ABSL_GUARDED_BY(mu_);
};

}  // namespace anteroom::backend

#endif  // ANTEROOM_TESTS_BACKEND_FAKE_TRANSPORT_H_
