#include "tests/frontend/static/decompress.h"

#include <brotli/decode.h>
#include <zlib.h>

namespace anteroom::frontend {
namespace {

constexpr size_t kMost = 1024 * 1024;

bool Gunzip(absl::string_view coded, std::string* out) {
  z_stream stream = {};
  if (inflateInit2(&stream, MAX_WBITS + 16) != Z_OK) return false;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(coded.data()));
  stream.avail_in = static_cast<uInt>(coded.size());
  stream.next_out = reinterpret_cast<Bytef*>(out->data());
  stream.avail_out = static_cast<uInt>(out->size());
  const bool whole = inflate(&stream, Z_FINISH) == Z_STREAM_END && stream.avail_in == 0;
  out->resize(out->size() - stream.avail_out);
  inflateEnd(&stream);
  return whole;
}

bool Unbrotli(absl::string_view coded, std::string* out) {
  size_t size = out->size();
  const auto result =
      BrotliDecoderDecompress(coded.size(), reinterpret_cast<const uint8_t*>(coded.data()), &size,
                              reinterpret_cast<uint8_t*>(out->data()));
  out->resize(size);
  return result == BROTLI_DECODER_RESULT_SUCCESS;
}

}  // namespace

std::string Decompress(ContentCoding coding, absl::string_view coded) {
  std::string out(kMost, '\0');
  const bool whole = coding == ContentCoding::kBrotli ? Unbrotli(coded, &out) : Gunzip(coded, &out);
  return whole ? out : "not decodable";
}

}  // namespace anteroom::frontend
