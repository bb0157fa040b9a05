// What is wrong with a configuration, and where. Plain values.
#ifndef ANTEROOM_FRONTEND_CONFIG_FAULT_H_
#define ANTEROOM_FRONTEND_CONFIG_FAULT_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace anteroom::frontend {

struct ConfigFault {
  int line = 0;  // 1-based; 0: the file as a whole, or the environment
  int column = 0;
  std::string reason;
};

// By line, then column; faults of one place stay in the order in which they were found.
void SortFaults(std::vector<ConfigFault>* faults);

// "file:line:column: reason", one line each; without line and column where there is no line.
std::string FormatFaults(absl::string_view file, const std::vector<ConfigFault>& faults);

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_CONFIG_FAULT_H_
