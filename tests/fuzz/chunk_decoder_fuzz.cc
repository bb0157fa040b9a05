// Any bytes as a chunked body: the same result however they are split, never more than the limits,
// the data that a plain reading of the lines finds, and data that survive being written again.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "frontend/http/chunk_decoder.h"
#include "frontend/http/response_writer.h"
#include "tests/fuzz/cuts.h"
#include "tests/fuzz/fuzz_check.h"

namespace anteroom::frontend {
namespace {

using Event = ChunkDecoder::Event;

constexpr absl::string_view kLineEnd = "\r\n";

struct Result {
  Event event = Event::kNeedMore;
  ParseCause cause = ParseCause::kNone;
  std::string data;
  size_t size = 0;  // of the body with its framing, if it is done

  bool operator==(const Result&) const = default;
};

// Feeds pieces that end at `cuts`, each in a buffer of exactly its size, so that AddressSanitizer
// sees every byte read beyond it.
Result Decode(absl::string_view bytes, std::vector<size_t> cuts, const HttpLimits& limits) {
  ChunkDecoder decoder(limits);
  Result result;
  cuts.push_back(bytes.size());
  size_t begin = 0;
  for (const size_t end : cuts) {
    const auto buffer = std::make_unique<char[]>(end - begin);
    bytes.copy(buffer.get(), end - begin, begin);
    absl::string_view piece(buffer.get(), end - begin);
    size_t consumed = 0;
    while ((result.event = decoder.Decode(piece, &consumed)) == Event::kData) {
      FuzzCheck(!decoder.data().empty(), "data is not empty");
      FuzzCheck(decoder.data().data() >= piece.data() &&
                    decoder.data().data() + decoder.data().size() == piece.data() + consumed,
                "data is the end of what was consumed");
      result.data.append(decoder.data().data(), decoder.data().size());
      piece.remove_prefix(consumed);
      result.size += consumed;
    }
    FuzzCheck(consumed <= piece.size(), "no more is consumed than there is");
    FuzzCheck(consumed == piece.size() || result.event == Event::kDone, "all is consumed");
    result.size += consumed;
    begin = end;
    if (result.event != Event::kNeedMore) break;
  }
  if (result.event == Event::kError) {
    result.cause = decoder.cause();
    result.size = 0;
  }
  size_t consumed = 0;
  if (result.event != Event::kNeedMore) {
    FuzzCheck(decoder.Decode("0\r\n\r\n", &consumed) == result.event, "the end is final");
  }
  return result;
}

// The data of a body that is known to be well formed, line by line.
std::string ReadPlainly(absl::string_view body) {
  std::string data;
  while (true) {
    const size_t line_size = body.find(kLineEnd);
    FuzzCheck(line_size != absl::string_view::npos, "a size has a line");
    const uint64_t size = std::stoull(std::string(body.substr(0, line_size)), nullptr, 16);
    body.remove_prefix(line_size + kLineEnd.size());
    if (size == 0) break;
    FuzzCheck(size <= body.size(), "the data are there");
    data.append(body.data(), static_cast<size_t>(size));
    body.remove_prefix(static_cast<size_t>(size));
    FuzzCheck(absl::StartsWith(body, kLineEnd), "a line end follows the data");
    body.remove_prefix(kLineEnd.size());
  }
  // Trailers have no empty line but the last.
  const bool ends = body == kLineEnd || body.find("\r\n\r\n") == body.size() - 4;
  FuzzCheck(ends, "the body ends with the first empty line");
  return data;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // Small enough for a fuzzer to reach each of them.
  HttpLimits limits;
  limits.trailers = 4;
  limits.trailer_section = 100;
  limits.body = 400;
  const absl::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Result whole = Decode(bytes, {}, limits);
  std::vector<size_t> everywhere;
  for (size_t i = 1; i < size; ++i) everywhere.push_back(i);
  FuzzCheck(Decode(bytes, everywhere, limits) == whole, "byte by byte is as whole");
  FuzzCheck(Decode(bytes, SomeCuts(bytes), limits) == whole, "split is as whole");

  FuzzCheck(whole.data.size() <= limits.body, "no more is there than may be");
  if (whole.event != Event::kDone) return 0;
  FuzzCheck(ReadPlainly(bytes.substr(0, whole.size)) == whole.data, "the lines say the same");

  std::string written;
  if (!whole.data.empty()) {
    AppendChunkHeader(whole.data.size(), &written);
    absl::StrAppend(&written, whole.data, kAfterChunk);
  }
  absl::StrAppend(&written, kLastChunk);
  const Result again = Decode(written, SomeCuts(written), limits);
  FuzzCheck(again.event == Event::kDone && again.size == written.size(), "our own body is read");
  FuzzCheck(again.data == whole.data, "the data survive");
  return 0;
}

}  // namespace anteroom::frontend
