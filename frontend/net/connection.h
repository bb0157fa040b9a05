// One client connection: reads requests, has them answered one after the other, writes the answers
// in order.
//
// On a listener with the PROXY protocol a connection is kProxyHeader first, until that header is
// whole; then kIdle.
//
//           first byte        head complete        request complete        answer handed over
//   kIdle -------------> kHead --------------> kBody ---------------> kWaiting ---------> kWriting
//     |                    |                     |                                          |
//     |                    '------ error --------+--> (answer, Connection: close)           |
//     |                                                                                     |
//     | <---------------------------- all written ------------------------------------------+
//     v                                                                                     v
//   closed <------------------------------------------------------------------------- kLingering
//
// A request goes on only when it has arrived whole. While one is being answered, what the client
// sends next is read ahead up to a bound and then left in the socket. After an error nothing more
// is parsed: the answer goes out, our direction is closed, what still comes is read and dropped for
// a moment (so that a reset does not overtake the answer), and the connection ends.
//
// A client that closes its direction while its request waits or runs has left: the request is
// cancelled.
//
// A request body goes to a file when it grows large (SpooledBody). While the disk is behind, the client
// is not read from. An answer of known length does the same when its client reads slowly (Output), so
// that its backend is soon rid of it; one that is streamed is passed on at the pace of its client.
//
// An answer with X-Accel-Redirect ends the exchange with its backend at once; from then on the request
// is one for a file (ClientRequest::redirect).
//
// Threading: loop thread only. Ownership: the Acceptor owns it, and it asks to be destroyed through
// ConnectionOwner::Remove.
#ifndef ANTEROOM_FRONTEND_NET_CONNECTION_H_
#define ANTEROOM_FRONTEND_NET_CONNECTION_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "common/unique_fd.h"
#include "frontend/dispatch/exchange.h"
#include "frontend/http/header_rules.h"
#include "frontend/net/client_request.h"
#include "frontend/net/connection_context.h"
#include "frontend/net/event_handles.h"
#include "frontend/net/output.h"
#include "frontend/static/partial_content.h"

namespace anteroom::frontend {

class Connection final : private Output::Client,
                         private TimerHandler,
                         private ExchangeClient,
                         private SpooledBody::Owner {
 public:
  // `context`, its owner and `listener` must outlive the connection. `peer` is the client's address for
  // logs and X-Forwarded-For, or the proxy's, until its header has named the client.
  Connection(ConnectionContext* context, const ListenerConfig& listener, UniqueFd socket,
             std::string peer);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // No further request: closes now if idle, else after the present answer.
  void Drain();
  // Memory is short: what waits for the client goes to the disk.
  void Relieve() { output_.Relieve(); }
  // Closes if it waits for a request of which nothing has come.
  void CloseIfIdle();
  // Cuts it, whatever it is doing.
  void Cut();

  const std::string& peer() const { return peer_; }
  // Whether peer() has been counted in the AddressTable.
  bool address_counted() const { return address_counted_; }
  uint32_t index = 0;  // the owner's

 private:
  enum class State : uint8_t {
    kProxyHeader,
    kIdle,
    kHead,
    kBody,
    kWaiting,
    kWriting,
    kLingering,
    kClosed
  };

  // FdHandler, through Output::Client; TimerHandler
  void OnReadable() override;
  void OnWritable() override;
  void OnTimer() override;
  // ExchangeClient
  void OnResponse(v1::Response* response) override;
  void OnBody(absl::string_view data, bool last) override;
  void OnQueuedAgain() override;
  void OnFailure(Outcome outcome, absl::string_view reason) override;
  // SpooledBody::Owner
  void OnBodyRoom() override;
  void OnBodyFailed(SpoolFile::Result result) override;
  void OnBodyFetch() override;
  void OnBodyFetched(bool ok) override;
  // Output::Client
  void OnOutputRoom() override { ReturnCredit(); }
  const OutputLimits& output_limits() const override { return context_->output_limits; }

  // --- Before the first request: connection_proxy.cc
  void OnProxyHeader(absl::string_view input);

  // --- Reading: connection.cc
  void OnEndOfInput();
  void Consume(absl::string_view input);
  void Resume();
  void KeepForLater(absl::string_view input);
  // Until the present request is answered, or until Resume().
  void StopReading();
  bool HasUnreadInput() const;
  bool ClientHasLeft() const;
  absl::Span<char> RoomToRead();
  size_t LookAheadRoom() const;
  std::string& Ahead();
  size_t ahead_size() const { return ahead_ ? ahead_->size() : 0; }
  void OnHead(bool more_input);
  // Null when no route matches the host of the request and this path.
  const Site* FindSite(absl::string_view path) const;
  void OnComplete();
  void OnParseError();
  void OnBodyPart(absl::string_view part, bool more_input);
  void Refuse(Outcome outcome, absl::string_view reason);
  Time BodyDeadline() const;
  bool MemoryIsShort() const;
  // To be called when what it holds may have changed.
  void CountBuffers();

  // --- Files: connection_file.cc
  void ServeFile();
  void OnFile(StaticReply reply);
  void SendPartial(StaticReply reply);
  void BeginFile(int status, const ResponseFraming& framing);
  void AppendFileHead(absl::string_view fields);
  void SendWhole(std::shared_ptr<const CachedFile> file);
  void SendPieces(std::shared_ptr<const CachedFile> file, std::vector<FilePiece> pieces);
  void AnswerPage(StaticReply reply);

  // --- Answering, writing: connection_answer.cc
  void ServeFromPool();
  void Answer(Outcome outcome, int status);  // an answer of our own
  ResponseContext NewResponse(int status) const;
  void Begin(int status, Outcome outcome, const ResponseFraming& framing);
  void FailExchange(Outcome outcome, absl::string_view reason);
  void RefuseAnswer(absl::string_view reason);
  void WarnOfBackend(absl::string_view reason);
  // A link broke under the request, and running it has effects.
  bool MayHaveRun() const;

  void Written(Output::Result result);
  // Since it was last asked, or since more was written.
  bool ClientReads();
  Time AnswerDeadline() const;
  Time QueueDeadline() const;
  Time WaitDeadline() const;
  Output::Overflow AnswerOverflow() const;
  void ReturnCredit();
  void EndRequest();
  void Account();
  void ReleaseRequest();

  // --- Files that handlers name: connection_redirect.cc
  void OnRedirect(const v1::Response& response, int status);
  void FailRedirect(int status);

  // --- Ending: connection.cc
  void Linger();
  void Close(Outcome outcome);

  bool Busy() const { return state_ == State::kWaiting || state_ == State::kWriting; }

  // In an order that leaves no holes: 15,000 of these may be idle.
  uint32_t requests_ = 0;
  uint32_t counted_ = 0;  // bytes of CountBuffers()
  const UniqueFd socket_;
  State state_;
  bool keep_alive_ : 1 = true;
  bool consuming_ : 1 = false;     // inside Consume, which goes on by itself
  bool resume_due_ : 1 = false;    // the timer means: go on with ahead_
  bool blind_ : 1 = false;         // StopReading(): the end of input is not seen either
  bool end_of_input_ : 1 = false;  // the client has closed its direction
  bool address_counted_ : 1;
  bool on_disk_ : 1 = false;  // the output waits for a disk, not for the client
  PeerTrust trust_;
  ConnectionContext* const context_;
  std::string peer_;
  FdWatch watch_;
  Timer timer_;
  Time since_;  // when it was opened; in kLingering when that began
  std::unique_ptr<ClientRequest> request_;
  // Read while a request was being answered; before, a part of the PROXY header. Mostly null.
  std::unique_ptr<std::string> ahead_;
  Output output_;
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_NET_CONNECTION_H_
