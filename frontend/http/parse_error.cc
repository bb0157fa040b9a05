#include "frontend/http/parse_error.h"

#include <array>

namespace anteroom::frontend {
namespace {

using Cause = ParseCause;

// In the order of the enumeration; parse_error_test.cc checks that.
constexpr std::array<ParseError, kParseCauses> kTable = {{
    {Cause::kNone, 0, "none", "no error"},
    {Cause::kTls, 400, "tls", "a TLS record on a port that speaks plain HTTP"},
    {Cause::kEmptyLines, 400, "empty_lines", "more than two empty lines before the request line"},
    {Cause::kMethodSyntax, 400, "method_syntax", "the method is not a token followed by one space"},
    {Cause::kMethodUnknown, 501, "method_unknown", "the method is not one that is registered"},
    {Cause::kMethodRefused, 501, "method_refused", "CONNECT and TRACE are not served"},
    {Cause::kTargetSyntax, 400, "target_syntax",
     "a byte or percent escape that no target may have"},
    {Cause::kTargetForm, 400, "target_form", "the target has a form that this method cannot have"},
    {Cause::kTargetLength, 414, "target_length", "the target is longer than limits.target"},
    {Cause::kVersionMissing, 400, "version_missing", "the request line ends after the target"},
    {Cause::kVersionSyntax, 400, "version_syntax", "the version is not HTTP/d.d"},
    {Cause::kVersionUnsupported, 505, "version_unsupported", "the major version is not 1"},
    {Cause::kLineEnd, 400, "line_end", "CR without LF"},
    {Cause::kFolding, 400, "folding", "a line of the head begins with white space"},
    {Cause::kFieldName, 400, "field_name", "a field line without a token and a colon at its start"},
    {Cause::kFieldSpace, 400, "field_space", "white space between field name and colon"},
    {Cause::kFieldValue, 400, "field_value", "a control byte in a field value, or LF without CR"},
    {Cause::kFieldLength, 431, "field_length", "a field line is longer than limits.field"},
    {Cause::kFieldCount, 431, "field_count", "more field lines than limits.fields"},
    {Cause::kHeadLength, 431, "head_length", "the field lines are larger than limits.head"},
    {Cause::kFieldRepeated, 400, "field_repeated", "Content-Type or Authorization twice"},
    {Cause::kHostMissing, 400, "host_missing", "HTTP/1.1 without Host"},
    {Cause::kHostRepeated, 400, "host_repeated", "Host twice"},
    {Cause::kHostSyntax, 400, "host_syntax", "Host or authority is not a host and a port"},
    {Cause::kHostMismatch, 400, "host_mismatch", "the authority of the target is not that of Host"},
    {Cause::kConnectionOptions, 431, "connection_options", "too many options in Connection"},
    {Cause::kExpectation, 417, "expectation", "an expectation other than 100-continue"},
    {Cause::kContentLengthSyntax, 400, "content_length_syntax",
     "Content-Length is not a decimal number of at most 64 bits"},
    {Cause::kContentLengthRepeated, 400, "content_length_repeated", "Content-Length twice"},
    {Cause::kTransferEncodingSyntax, 400, "transfer_encoding_syntax",
     "Transfer-Encoding is not a list of codings that ends in a single chunked"},
    {Cause::kTransferEncodingRepeated, 400, "transfer_encoding_repeated",
     "Transfer-Encoding twice"},
    {Cause::kTransferEncodingVersion, 400, "transfer_encoding_version",
     "Transfer-Encoding in HTTP/1.0"},
    {Cause::kTransferCoding, 501, "transfer_coding", "a transfer coding other than chunked"},
    {Cause::kFramingConflict, 400, "framing_conflict", "Content-Length and Transfer-Encoding"},
    {Cause::kBodyLength, 413, "body_length", "the body is larger than limits.body"},
    {Cause::kChunkSize, 400, "chunk_size", "a chunk size is not 1 to 16 hexadecimal digits"},
    {Cause::kChunkExtension, 400, "chunk_extension", "a chunk extension is malformed"},
    {Cause::kChunkOverhead, 400, "chunk_overhead", "more chunk framing than any honest body needs"},
    {Cause::kChunkEnd, 400, "chunk_end", "a chunk's line or data is not followed by CR LF"},
    {Cause::kTrailerSyntax, 400, "trailer_syntax", "a trailer line is malformed"},
    {Cause::kTrailerFraming, 400, "trailer_framing",
     "a trailer is Content-Length or Transfer-Encoding"},
    {Cause::kTrailerCount, 431, "trailer_count", "more trailer lines than limits.trailers"},
    {Cause::kTrailerLength, 431, "trailer_length",
     "the trailers are larger than limits.trailer_section"},
}};

}  // namespace

const ParseError& DescribeParseError(ParseCause cause) {
  return kTable[static_cast<size_t>(cause)];
}

}  // namespace anteroom::frontend
