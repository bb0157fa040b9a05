// Why a request was refused: a closed list, so that each cause can be a metric label and a word in
// the log.
#ifndef ANTEROOM_FRONTEND_HTTP_PARSE_ERROR_H_
#define ANTEROOM_FRONTEND_HTTP_PARSE_ERROR_H_

#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"

namespace anteroom::frontend {

enum class ParseCause : uint8_t {
  kNone,
  // Request line
  kTls,
  kEmptyLines,
  kMethodSyntax,
  kMethodUnknown,
  kMethodRefused,
  kTargetSyntax,
  kTargetForm,
  kTargetLength,
  kVersionMissing,
  kVersionSyntax,
  kVersionUnsupported,
  // Fields
  kLineEnd,
  kFolding,
  kFieldName,
  kFieldSpace,
  kFieldValue,
  kFieldLength,
  kFieldCount,
  kHeadLength,
  kFieldRepeated,
  kHostMissing,
  kHostRepeated,
  kHostSyntax,
  kHostMismatch,
  kConnectionOptions,
  kExpectation,
  // Framing
  kContentLengthSyntax,
  kContentLengthRepeated,
  kTransferEncodingSyntax,
  kTransferEncodingRepeated,
  kTransferEncodingVersion,
  kTransferCoding,
  kFramingConflict,
  kBodyLength,
  // Chunks
  kChunkSize,
  kChunkExtension,
  kChunkOverhead,
  kChunkEnd,
  kTrailerSyntax,
  kTrailerFraming,
  kTrailerCount,
  kTrailerLength,
};
inline constexpr size_t kParseCauses = static_cast<size_t>(ParseCause::kTrailerLength) + 1;

// One row of the table. All texts are static.
struct ParseError {
  ParseCause cause = ParseCause::kNone;
  int status = 0;            // what to answer; 0 for kNone
  absl::string_view label;   // snake_case, for metrics and the access log
  absl::string_view reason;  // a sentence for the error log
};

const ParseError& DescribeParseError(ParseCause cause);

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_HTTP_PARSE_ERROR_H_
