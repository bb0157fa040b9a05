// What a completion queue gives back.
#ifndef ANTEROOM_BACKEND_SRC_COMPLETION_H_
#define ANTEROOM_BACKEND_SRC_COMPLETION_H_

#include <functional>
#include <utility>

namespace anteroom::backend {

// The tag of one kind of operation of one call, which owns it. The I/O thread runs it when the
// operation has ended; `ok` is gRPC's.
class Completion {
 public:
  explicit Completion(std::function<void(bool ok)> run) : run_(std::move(run)) {}
  Completion(const Completion&) = delete;
  Completion& operator=(const Completion&) = delete;

  void Run(bool ok) { run_(ok); }

 private:
  const std::function<void(bool ok)> run_;
};

}  // namespace anteroom::backend

#endif  // ANTEROOM_BACKEND_SRC_COMPLETION_H_
