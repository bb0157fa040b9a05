#include "backend/diag/diag_handlers.h"

#include <openssl/evp.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <optional>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "backend/diag/pattern.h"
#include "backend/src/server_access.h"
#include "common/json.h"

namespace anteroom::backend {
namespace {

// Larger bodies have to be streamed.
constexpr uint64_t kMaxWholeBody = uint64_t{1} << 30;
constexpr uint64_t kMaxChunk = uint64_t{16} << 20;
constexpr size_t kDigestPiece = 64 * 1024;
constexpr uint64_t kMaxMillis = uint64_t{24} * 60 * 60 * 1000;

// A query parameter between 0 and `max`.
absl::StatusOr<uint64_t> Number(const Request& request, absl::string_view name,
                                std::optional<uint64_t> fallback, uint64_t max) {
  const std::optional<std::string> text = request.QueryParameter(name);
  if (!text && fallback) return *fallback;
  uint64_t value = 0;
  if (!text || !absl::SimpleAtoi(*text, &value) || value > max) {
    return absl::InvalidArgumentError(absl::StrCat(name, " must be a number from 0 to ", max));
  }
  return value;
}

class Sha256 {
 public:
  Sha256() { EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr); }
  void Add(absl::string_view bytes) {
    EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size());
  }
  std::string Hex() {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    EVP_DigestFinal_ex(context_.get(), digest, &size);
    return absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(digest), size));
  }

 private:
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_{EVP_MD_CTX_new(),
                                                                         &EVP_MD_CTX_free};
};

std::string Sha256Hex(absl::string_view bytes) {
  Sha256 hash;
  hash.Add(bytes);
  return hash.Hex();
}

std::chrono::nanoseconds ThreadCpuTime() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

// What ends the handler when nobody waits any more; hardly anybody will see it.
absl::Status Gone() { return absl::CancelledError(""); }

}  // namespace

void DiagHandlers::Register(Server* server) {
  server->Handle("*", "/diag/hello", Wrap(&DiagHandlers::Hello));
  server->Handle("*", "/diag/echo", Wrap(&DiagHandlers::Echo));
  server->HandleStreaming("*", "/diag/digest", WrapStreaming(&DiagHandlers::Digest));
  server->Handle("*", "/diag/sleep", Wrap(&DiagHandlers::Sleep));
  server->Handle("*", "/diag/burn", Wrap(&DiagHandlers::Burn));
  server->Handle("*", "/diag/bytes", Wrap(&DiagHandlers::Bytes));
  server->Handle("*", "/diag/file", Wrap(&DiagHandlers::File));
  server->Handle("*", "/diag/status", Wrap(&DiagHandlers::Status));
  server->Handle("*", "/diag/whoami", Wrap(&DiagHandlers::WhoAmI));
  server->Handle("*", "/diag/crash", Wrap(&DiagHandlers::Crash));
  server->Handle("*", "/diag/hang", Wrap(&DiagHandlers::Hang));
  ServerAccess::HandleUnchecked(server, "*", "/diag/response", Wrap(&DiagHandlers::RawResponse));
}

void DiagHandlers::NoteStart(const Request& request) {
  if (start_log_ != nullptr) {
    if (const auto id = request.Header("X-Id")) start_log_->Append(*id);
  }
}

StreamingHandler DiagHandlers::WrapStreaming(StreamingMethod method) {
  return [this, method](const Request& request, BodyReader& body, Context& context) {
    NoteStart(request);
    in_flight_.fetch_add(1);
    absl::StatusOr<Response> response = (this->*method)(request, body, context);
    in_flight_.fetch_sub(1);
    return response;
  };
}

Handler DiagHandlers::Wrap(Method method) {
  return [this, method](const Request& request, Context& context) {
    NoteStart(request);
    in_flight_.fetch_add(1);
    absl::StatusOr<Response> response = (this->*method)(request, context);
    in_flight_.fetch_sub(1);
    return response;
  };
}

absl::StatusOr<Response> DiagHandlers::Hello(const Request&, Context&) {
  return Response::Text("hello world");
}

absl::StatusOr<Response> DiagHandlers::Echo(const Request& request, Context&) {
  std::string out;
  JsonWriter json(&out);
  json.BeginObject().Field("method", request.method()).Field("target", request.target());
  json.Key("headers").BeginArray();
  for (const HeaderField& field : request.headers()) {
    json.BeginArray().String(field.name).String(field.value).EndArray();
  }
  json.EndArray();
  json.Field("body_length", request.body().size());
  json.Field("body_sha256", Sha256Hex(request.body()));
  json.EndObject();
  return Response::Json(std::move(out));
}

absl::StatusOr<Response> DiagHandlers::Digest(const Request& request, BodyReader& body,
                                              Context& context) {
  const absl::StatusOr<uint64_t> delay_ms = Number(request, "delay_ms", 0, kMaxMillis);
  if (!delay_ms.ok()) return delay_ms.status();
  const absl::StatusOr<uint64_t> read = Number(request, "read", body.size(), ~uint64_t{0});
  if (!read.ok()) return read.status();
  const uint64_t most = std::min(*read, body.size());
  if (!context.SleepFor(std::chrono::milliseconds(*delay_ms))) return Gone();
  Sha256 hash;
  std::vector<char> buffer(kDigestPiece);
  uint64_t length = 0;
  while (length < most) {
    const size_t room = std::min<uint64_t>(buffer.size(), most - length);
    const absl::StatusOr<size_t> size = body.Read(absl::MakeSpan(buffer.data(), room));
    if (!size.ok()) return size.status();
    hash.Add(absl::string_view(buffer.data(), *size));
    length += *size;
  }
  std::string out;
  JsonWriter(&out)
      .BeginObject()
      .Field("body_length", length)
      .Field("sha256", hash.Hex())
      .EndObject();
  return Response::Json(std::move(out));
}

absl::StatusOr<Response> DiagHandlers::Sleep(const Request& request, Context& context) {
  const absl::StatusOr<uint64_t> ms = Number(request, "ms", std::nullopt, kMaxMillis);
  if (!ms.ok()) return ms.status();
  if (!context.SleepFor(std::chrono::milliseconds(*ms))) return Gone();
  return Response::Text("slept");
}

absl::StatusOr<Response> DiagHandlers::Burn(const Request& request, Context& context) {
  const absl::StatusOr<uint64_t> ms = Number(request, "ms", std::nullopt, kMaxMillis);
  if (!ms.ok()) return ms.status();
  const std::chrono::nanoseconds end = ThreadCpuTime() + std::chrono::milliseconds(*ms);
  while (ThreadCpuTime() < end) {
    if (context.Cancelled()) return Gone();
  }
  return Response::Text("burnt");
}

absl::StatusOr<Response> DiagHandlers::Bytes(const Request& request, Context& context) {
  const absl::StatusOr<uint64_t> chunk = Number(request, "chunk", 0, kMaxChunk);
  if (!chunk.ok()) return chunk.status();
  const absl::StatusOr<uint64_t> n =
      Number(request, "n", std::nullopt, *chunk == 0 ? kMaxWholeBody : uint64_t{1} << 40);
  if (!n.ok()) return n.status();
  const absl::StatusOr<uint64_t> delay_ms = Number(request, "delay_ms", 0, kMaxMillis);
  if (!delay_ms.ok()) return delay_ms.status();
  const auto delay = std::chrono::milliseconds(*delay_ms);
  const std::string type = request.QueryParameter("type").value_or("application/octet-stream");
  const std::optional<std::string> buffering = request.QueryParameter("buffering");
  const std::optional<std::string> file = request.QueryParameter("file");
  const auto finish = [&buffering, &file](Response response) {
    if (buffering) response.AddHeader("X-Accel-Buffering", *buffering);
    if (file) response.AddHeader("X-Accel-Redirect", *file);
    return response;
  };
  if (*chunk == 0) {
    if (!context.SleepFor(delay)) return Gone();
    return finish(Response::Bytes(PatternBytes(0, *n), type));
  }
  const auto stream = [n = *n, chunk = *chunk, delay, &context](BodyWriter& body) -> absl::Status {
    for (uint64_t offset = 0; offset < n; offset += chunk) {
      if (offset > 0 && delay.count() > 0 && !context.SleepFor(delay)) return Gone();
      if (!body.Write(PatternBytes(offset, std::min(chunk, n - offset)))) return Gone();
    }
    return absl::OkStatus();
  };
  return finish(Response::Stream(stream, type));
}

absl::StatusOr<Response> DiagHandlers::File(const Request& request, Context&) {
  return Response::File(request.QueryParameter("path").value_or(""));
}

absl::StatusOr<Response> DiagHandlers::Status(const Request& request, Context&) {
  const absl::StatusOr<uint64_t> code = Number(request, "code", std::nullopt, 599);
  if (!code.ok()) return code.status();
  return Response::Text(absl::StrCat("status ", *code), static_cast<int>(*code));
}

absl::StatusOr<Response> DiagHandlers::WhoAmI(const Request&, Context& context) {
  char host[256] = "";
  gethostname(host, sizeof host - 1);
  std::string out;
  JsonWriter(&out)
      .BeginObject()
      .Field("host", absl::string_view(host))
      .Field("pid", static_cast<int64_t>(getpid()))
      .Field("thread", static_cast<int64_t>(context.thread()))
      .Field("in_flight", static_cast<int64_t>(in_flight_.load()))
      .EndObject();
  return Response::Json(std::move(out));
}

absl::StatusOr<Response> DiagHandlers::Crash(const Request&, Context&) { std::abort(); }

absl::StatusOr<Response> DiagHandlers::Hang(const Request&, Context&) {
  while (true) pause();
}

absl::StatusOr<Response> DiagHandlers::RawResponse(const Request& request, Context&) {
  const std::optional<std::string> raw = request.QueryParameter("raw");
  if (!raw) return absl::InvalidArgumentError("raw is missing");
  absl::string_view rest = *raw;
  const auto take_line = [&rest] {
    const size_t end = rest.find("\r\n");
    const absl::string_view line = rest.substr(0, end);
    rest = end == absl::string_view::npos ? absl::string_view() : rest.substr(end + 2);
    return line;
  };
  // "HTTP/1.1 200 OK" or "200"
  absl::string_view status_line = take_line();
  if (const size_t space = status_line.find(' '); space != absl::string_view::npos) {
    status_line = status_line.substr(space + 1);
    status_line = status_line.substr(0, status_line.find(' '));
  }
  Response response;
  if (!absl::SimpleAtoi(status_line, &response.status) || response.status < 0) {
    return absl::InvalidArgumentError("raw does not begin with a status line");
  }
  while (!rest.empty()) {
    const absl::string_view line = take_line();
    if (line.empty()) break;
    const size_t colon = line.find(':');
    absl::string_view value;
    if (colon != absl::string_view::npos) value = line.substr(colon + 1);
    if (!value.empty() && value.front() == ' ') value.remove_prefix(1);
    response.AddHeader(line.substr(0, colon), value);
  }
  response.body = std::string(rest);
  return response;
}

}  // namespace anteroom::backend
