// A request as llhttp, the parser of Node.js, understands it, with none of its lenient flags. Test
// only: the sources come with Debian's package node-llhttp and never go into a program that ships.
#ifndef ANTEROOM_TESTS_FUZZ_LLHTTP_READER_H_
#define ANTEROOM_TESTS_FUZZ_LLHTTP_READER_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace anteroom {

struct LlhttpRequest {
  std::string error;  // name of the reason to refuse, or empty
  bool head_complete = false;
  bool complete = false;
  size_t size = 0;  // bytes up to the end of the request, if it is complete

  std::string method;
  std::string target;  // as written
  int minor_version = 0;
  std::vector<std::pair<std::string, std::string>> fields;  // without SP and HTAB behind the value
  std::string body;
};

// Reads the first request of `bytes` and stops behind it.
LlhttpRequest ReadWithLlhttp(absl::string_view bytes);

// Whether llhttp has ever heard of it: the registry has more methods than its table.
bool LlhttpKnowsMethod(absl::string_view method);

}  // namespace anteroom

#endif  // ANTEROOM_TESTS_FUZZ_LLHTTP_READER_H_
