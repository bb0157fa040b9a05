#include "frontend/static/compressor.h"

#include <brotli/encode.h>
#include <zlib.h>

#include <limits>

#include "absl/strings/str_cat.h"

namespace anteroom::frontend {
namespace {

// Both fill `out`, which is shorter than `body`, and fail when that is not enough.

std::optional<size_t> Gzip(absl::string_view body, int level, std::string* out) {
  constexpr int kGzipFormat = 16;  // added to the size of the window: zlib's way to say it
  constexpr int kMemory = 8;       // zlib's default
  z_stream stream = {};
  if (deflateInit2(&stream, level, Z_DEFLATED, MAX_WBITS + kGzipFormat, kMemory,
                   Z_DEFAULT_STRATEGY) != Z_OK) {
    return std::nullopt;
  }
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(body.data()));
  stream.avail_in = static_cast<uInt>(body.size());
  stream.next_out = reinterpret_cast<Bytef*>(out->data());
  stream.avail_out = static_cast<uInt>(out->size());
  const bool whole = deflate(&stream, Z_FINISH) == Z_STREAM_END;
  const size_t size = out->size() - stream.avail_out;
  deflateEnd(&stream);
  if (!whole) return std::nullopt;
  return size;
}

std::optional<size_t> Brotli(absl::string_view body, int level, std::string* out) {
  size_t size = out->size();
  const bool whole =
      BrotliEncoderCompress(level, BROTLI_DEFAULT_WINDOW, BROTLI_DEFAULT_MODE, body.size(),
                            reinterpret_cast<const uint8_t*>(body.data()), &size,
                            reinterpret_cast<uint8_t*>(out->data()));
  if (!whole) return std::nullopt;
  return size;
}

}  // namespace

std::optional<std::string> Compress(ContentCoding coding, absl::string_view body,
                                    const CompressConfig& config) {
  if (body.empty() || body.size() > std::numeric_limits<uInt>::max()) return std::nullopt;
  std::string out(body.size() - 1, '\0');
  const std::optional<size_t> size = coding == ContentCoding::kBrotli
                                         ? Brotli(body, static_cast<int>(config.brotli_level), &out)
                                         : Gzip(body, static_cast<int>(config.gzip_level), &out);
  if (!size.has_value()) return std::nullopt;
  out.resize(*size);
  return out;
}

}  // namespace anteroom::frontend
