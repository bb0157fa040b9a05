// A stream under a link that only remembers, for tests without gRPC.
#ifndef ANTEROOM_TESTS_BACKEND_FAKE_TRANSPORT_H_
#define ANTEROOM_TESTS_BACKEND_FAKE_TRANSPORT_H_

#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "anteroom/v1/anteroom.pb.h"
#include "backend/src/link.h"
#include "common/mutex.h"
#include "gtest/gtest.h"

namespace anteroom::backend {

// Threading: any method from any thread. A write stays in flight until the test ends it with
// Link::OnWritten().
class FakeTransport final : public LinkTransport {
 public:
  bool Write(const v1::BackendFrames& frames) override {
    MutexLock lock(&mu_);
    EXPECT_FALSE(in_flight_) << "two writes at a time";
    EXPECT_FALSE(closed_.has_value()) << "a write after the end";
    in_flight_ = true;
    written_.push_back(frames);
    changed_.NotifyAll();
    return false;
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
  // Marks the write as ended and tells the link.
  void EndWrite(Link* link, bool ok = true) {
    {
      MutexLock lock(&mu_);
      in_flight_ = false;
    }
    link->OnWritten(ok);
  }

 private:
  Mutex mu_;
  CondVar changed_;
  bool in_flight_ ABSL_GUARDED_BY(mu_) = false;
  std::vector<v1::BackendFrames> written_ ABSL_GUARDED_BY(mu_);
  std::optional<absl::Status> closed_ ABSL_GUARDED_BY(mu_);
};

}  // namespace anteroom::backend

#endif  // ANTEROOM_TESTS_BACKEND_FAKE_TRANSPORT_H_
