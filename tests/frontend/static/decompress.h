// What a client makes of coded bytes.
#ifndef ANTEROOM_TESTS_FRONTEND_STATIC_DECOMPRESS_H_
#define ANTEROOM_TESTS_FRONTEND_STATIC_DECOMPRESS_H_

#include <string>

#include "absl/strings/string_view.h"
#include "frontend/http/content_coding.h"

namespace anteroom::frontend {

// Of kGzip and kBrotli; "not decodable" unless all of it is one whole stream of at most 1 MiB.
std::string Decompress(ContentCoding coding, absl::string_view coded);

}  // namespace anteroom::frontend

#endif  // ANTEROOM_TESTS_FRONTEND_STATIC_DECOMPRESS_H_
