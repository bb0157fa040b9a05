// How gRPC completions reach the loop. Everything gRPC tells a link comes through a completion
// queue; two kinds of source empty it, and links cannot tell which one they have.
//
// The loop pump (default): the loop drives gRPC itself. It watches a dup of the link's socket,
// level-triggered, and when the socket is ready asks the link's own queue, with a deadline in the
// past, until there is nothing more. No other thread is woken for a request. It needs
// GRPC_POLL_STRATEGY=poll (PrepareGrpc sets it): with the default, epoll1, one global epoll set
// serves all queues, and a thread that polls its own queue swallows the readiness of another
// loop's.
//
// The thread pump: one thread a loop sits in Next() and posts to the loop. It costs a wake-up a
// message and is needed where gRPC opens the sockets itself (TLS).
//
// Threading: loop thread only; the thread pump's own thread does nothing but post.
#ifndef ANTEROOM_FRONTEND_DISPATCH_COMPLETION_SOURCE_H_
#define ANTEROOM_FRONTEND_DISPATCH_COMPLETION_SOURCE_H_

#include <memory>

#include "frontend/config.h"

namespace grpc {
class CompletionQueue;
}

namespace anteroom::frontend {

class Loop;

// What a stream passes to gRPC as a tag.
class CompletionTag {
 public:
  virtual void Complete(bool ok) = 0;

 protected:
  ~CompletionTag() = default;
};

// The completion queue of one stream. Must outlive all operations started on it.
class StreamQueue {
 public:
  class Stream {
   public:
    // Whether a write is in flight.
    virtual bool writing() const = 0;
    // gRPC has taken what the socket had to say.
    virtual void OnReadiness() = 0;

   protected:
    ~Stream() = default;
  };

  virtual ~StreamQueue() = default;
  // Whether OnReadiness is ever called. If not, a read must be outstanding at all times.
  virtual bool tells_readiness() const = 0;
  virtual grpc::CompletionQueue* queue() = 0;
  // Completes all that has happened, and says how much that was. Call after starting operations
  // other than a write.
  virtual int Harvest() = 0;
  // Call after starting a write. Completes what has happened until the write is through: it almost
  // always is at once, and looking any further would cost a system call.
  virtual void HarvestWrite() = 0;
};

class CompletionSource {
 public:
  virtual ~CompletionSource() = default;
  // `fd` is the stream's socket, which gRPC owns (it is duplicated where needed). `stream` must
  // outlive the queue.
  virtual std::unique_ptr<StreamQueue> NewQueue(int fd, StreamQueue::Stream* stream) = 0;
};

// `loop` must outlive the source, the source its queues.
std::unique_ptr<CompletionSource> NewCompletionSource(CompletionPump kind, Loop* loop);

// Call once in main(), before anything of gRPC runs and before there are other threads.
void PrepareGrpc();

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_DISPATCH_COMPLETION_SOURCE_H_
