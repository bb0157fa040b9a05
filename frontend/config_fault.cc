#include "frontend/config_fault.h"

#include <algorithm>
#include <tuple>

#include "absl/strings/str_cat.h"

namespace anteroom::frontend {

void SortFaults(std::vector<ConfigFault>* faults) {
  std::stable_sort(faults->begin(), faults->end(), [](const ConfigFault& a, const ConfigFault& b) {
    return std::tie(a.line, a.column) < std::tie(b.line, b.column);
  });
}

std::string FormatFaults(absl::string_view file, const std::vector<ConfigFault>& faults) {
  std::string text;
  for (const ConfigFault& fault : faults) {
    absl::StrAppend(&text, file, ":");
    if (fault.line > 0) absl::StrAppend(&text, fault.line, ":", fault.column, ":");
    absl::StrAppend(&text, " ", fault.reason, "\n");
  }
  return text;
}

}  // namespace anteroom::frontend
