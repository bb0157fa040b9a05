// Reads the files in vectors/; vectors/README.md has the format.
#ifndef ANTEROOM_TESTS_FRONTEND_HTTP_REQUEST_VECTORS_H_
#define ANTEROOM_TESTS_FRONTEND_HTTP_REQUEST_VECTORS_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace anteroom::frontend {

struct RequestVector {
  std::string file;  // without directory and extension
  std::string name;
  std::string bytes;
  std::string verdict;                          // as Transcript::Verdict() has it
  std::map<std::string, std::string> expected;  // by key, for the last request
};

absl::StatusOr<std::string> UnescapeBytes(absl::string_view text);

// `file` names the source in errors and in the vectors.
absl::StatusOr<std::vector<RequestVector>> ParseVectors(absl::string_view file,
                                                        absl::string_view text);

// Every *.txt of a directory, in the order of names. Any fault ends the process with a message:
// vectors are read before there is a test that could fail.
std::vector<RequestVector> LoadVectorsOrDie(const std::string& directory);

}  // namespace anteroom::frontend

#endif  // ANTEROOM_TESTS_FRONTEND_HTTP_REQUEST_VECTORS_H_
