// Loading configurations from texts in tests.
#ifndef ANTEROOM_TESTS_FRONTEND_CONFIG_TESTING_H_
#define ANTEROOM_TESTS_FRONTEND_CONFIG_TESTING_H_

#include <string>

#include "frontend/config_loader.h"

namespace anteroom::frontend {

inline const char* NoEnvironment(const std::string&) { return nullptr; }

inline LoadedConfig Parse(const std::string& text) { return ParseConfig(text, NoEnvironment); }
inline std::string Faults(const std::string& text) { return FormatFaults("f", Parse(text).faults); }
inline std::string Warnings(const std::string& text) {
  return FormatFaults("f", Parse(text).warnings);
}

// The least that is a configuration, for tests of something else that follows it. Three lines.
inline constexpr char kLeast[] =
    "listeners: [{address: '0.0.0.0:8080'}]\n"
    "routes: [{path: /, pool: g}]\n"
    "pools: {g: {endpoints: ['127.0.0.1:7001']}}\n";

inline std::string LeastAnd(const std::string& text) { return kLeast + text; }

}  // namespace anteroom::frontend

#endif  // ANTEROOM_TESTS_FRONTEND_CONFIG_TESTING_H_
