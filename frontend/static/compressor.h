// Compresses what is in memory as a whole: gzip (RFC 1952, zlib) and brotli (RFC 7932).
//
// Threading: any thread; takes a processor for up to some milliseconds, at the highest levels of
// brotli for up to some hundred, so it belongs on a file-I/O thread. Shares nothing.
#ifndef ANTEROOM_FRONTEND_STATIC_COMPRESSOR_H_
#define ANTEROOM_FRONTEND_STATIC_COMPRESSOR_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "frontend/config.h"
#include "frontend/http/content_coding.h"

namespace anteroom::frontend {

// `body` in `coding`, kGzip or kBrotli, at the level that `config` gives; nothing when that is not
// smaller than `body`, or there is no memory. The same bytes for the same input, level and release
// of the library.
std::optional<std::string> Compress(ContentCoding coding, absl::string_view body,
                                    const CompressConfig& config);

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_STATIC_COMPRESSOR_H_
