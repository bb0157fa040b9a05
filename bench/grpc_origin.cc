// anteroom-bench-grpc-origin: the gRPC server that Envoy is measured in front of: the callback API,
// a unary method, a handler that returns at once on gRPC's own thread. There is no hand-over to a
// worker thread, as a server with blocking handlers would need: the most favourable gRPC backend
// Envoy can have.
//
//   anteroom-bench-grpc-origin --listen 127.0.0.1:PORT
#include <grpcpp/grpcpp.h>

#include <cstdio>
#include <memory>
#include <string>

#include "anteroom/bench/hello.grpc.pb.h"

namespace anteroom::bench {
namespace {

class HelloService final : public Greeter::CallbackService {
  grpc::ServerUnaryReactor* Hello(grpc::CallbackServerContext* context, const HelloRequest*,
                                  google::api::HttpBody* answer) override {
    answer->set_content_type("text/plain");
    answer->set_data("hello world");
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
};

}  // namespace
}  // namespace anteroom::bench

int main(int argc, char** argv) {
  if (argc != 3 || std::string(argv[1]) != "--listen") {
    fprintf(stderr, "usage: anteroom-bench-grpc-origin --listen HOST:PORT\n");
    return 2;
  }
  anteroom::bench::HelloService service;
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddListeningPort(argv[2], grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr || port == 0) {
    fprintf(stderr, "anteroom-bench-grpc-origin: can't listen on %s\n", argv[2]);
    return 1;
  }
  server->Wait();
  return 0;
}
