#include "frontend/config_check_static.h"

#include <sys/stat.h>

#include <algorithm>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/units.h"
#include "frontend/http/byte_class.h"
#include "frontend/http/field_check.h"

namespace anteroom::frontend {
namespace {

// Every file in memory has a copy.
constexpr size_t kMostBytesOfHeaders = 8 * 1024;

constexpr size_t kLongestExtension = 32;

// Adds "PATH: 'TEXT' WHY" when there is a reason.
void AddFaultIf(absl::string_view why, const std::string& path, absl::string_view text,
                YamlFindings* findings) {
  if (why.empty()) return;
  const bool plain = std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isprint(static_cast<unsigned char>(c));
  });
  const std::string shown = plain ? std::string(text) : absl::CHexEscape(text);
  findings->AddFault(path, absl::StrCat(path, ": '", shown, "' ", why));
}

// Of a mapping whose names are compared without case.
void CheckDistinct(const NamedTexts& texts, const std::string& path, YamlFindings* findings) {
  std::set<std::string> seen;
  for (const auto& [name, text] : texts) {
    if (seen.insert(absl::AsciiStrToLower(name)).second) continue;
    AddFaultIf("is given twice, but for upper and lower case", absl::StrCat(path, ".", name), name,
               findings);
  }
}

void CheckCaching(const StaticConfig& files, const std::string& path, YamlFindings* findings) {
  if (findings->Has(path + ".cache_control")) {
    AddFaultIf(WhyNotCacheControl(files.cache_control), path + ".cache_control",
               files.cache_control, findings);
  }
  if (!files.expires) return;
  if (*files.expires % seconds(1) != Duration::zero()) {
    findings->AddFault(path + ".expires",
                       absl::StrCat(path, ".expires: ", FormatDuration(*files.expires),
                                    " is not a number of whole seconds"));
  }
  if (findings->Has(path + ".cache_control")) {
    findings->AddFault(path + ".expires",
                       absl::StrCat(path,
                                    ".expires: goes without cache_control, which says it with "
                                    "max-age"));
  }
}

void CheckHeaders(const NamedTexts& headers, const std::string& path, YamlFindings* findings) {
  size_t bytes = 0;
  for (const auto& [name, value] : headers) {
    const std::string place = absl::StrCat(path, ".", name);
    AddFaultIf(WhyNotAnExtraFieldName(name), place, name, findings);
    AddFaultIf(WhyNotAFieldValue(value), place, value, findings);
    bytes += name.size() + value.size();
  }
  CheckDistinct(headers, path, findings);
  if (bytes > kMostBytesOfHeaders) {
    findings->AddFault(path, absl::StrCat(path, ": more than ", FormatSize(kMostBytesOfHeaders)));
  }
}

absl::string_view WhyNotAnExtension(absl::string_view name) {
  if (name.empty() || name.size() > kLongestExtension) return "is not the extension of a file";
  for (const char c : name) {
    if (c == '.') return "has a dot: only what follows the last one counts";
    if (c <= 0x20 || c >= 0x7f || c == '/') return "is not the extension of a file";
  }
  return "";
}

void CheckTypes(const NamedTexts& types, const std::string& path, YamlFindings* findings) {
  for (const auto& [extension, type] : types) {
    const std::string place = absl::StrCat(path, ".", extension);
    AddFaultIf(WhyNotAnExtension(extension), place, extension, findings);
    AddFaultIf(WhyNotAMediaType(type), place, type, findings);
  }
  CheckDistinct(types, path, findings);
}

// Of a file that the route itself shows, below its root.
absl::string_view WhyNotAFileBelow(absl::string_view file, bool hidden) {
  if (file.empty()) return "is empty";
  if (file.front() == '/') return "begins with '/': it is below the root";
  for (const absl::string_view segment : absl::StrSplit(file, '/')) {
    if (segment.empty()) return "is not the path of a file";
    if (segment == "." || segment == "..") return "holds a '.' or '..' segment";
    if (segment.front() == '.' && !hidden) return "is hidden, which this route does not serve";
  }
  for (const char c : file) {
    if (absl::ascii_iscntrl(static_cast<unsigned char>(c))) return "holds a control character";
  }
  return "";
}

void CheckIndex(const StaticConfig& files, const std::string& path, YamlFindings* findings) {
  const bool plain = !absl::StrContains(files.index, '/');
  AddFaultIf(plain ? WhyNotAFileBelow(files.index, files.hidden) : "is not a file name", path,
             files.index, findings);
}

// "text/html", or "text/*" for all of them; without parameters.
bool IsMediaRange(absl::string_view type) {
  if (absl::ConsumeSuffix(&type, "/*")) return IsToken(type) && !absl::StrContains(type, '*');
  return !absl::StrContains(type, '*') && !absl::StrContains(type, ';') &&
         WhyNotAMediaType(type).empty();
}

void CheckCompress(const CompressConfig& compress, const std::string& path,
                   YamlFindings* findings) {
  for (size_t i = 0; i < compress.types.size(); ++i) {
    const std::string& type = compress.types[i];
    if (IsMediaRange(type)) continue;
    AddFaultIf("is not a media type", absl::StrCat(path, ".types[", i, "]"), type, findings);
  }
}

void CheckStandIns(const StaticConfig& files, const std::string& path, YamlFindings* findings) {
  if (findings->Has(path + ".fallback")) {
    AddFaultIf(WhyNotAFileBelow(files.fallback, files.hidden), path + ".fallback", files.fallback,
               findings);
  }
  for (const auto& [status, file] : files.error_pages) {
    const std::string place = absl::StrCat(path, ".error_pages.", status);
    if (status != "404" && status != "500" && status != "503") {
      AddFaultIf("is not one of 404, 500, 503", place, status, findings);
    }
    AddFaultIf(WhyNotAFileBelow(file, files.hidden), place, file, findings);
  }
}

}  // namespace

void CheckStatic(const StaticConfig& files, const std::string& path, YamlFindings* findings) {
  if (!findings->Has(path + ".root")) {
    findings->AddFault(path, absl::StrCat(path, ": has no root"));
  } else if (files.root.empty()) {
    findings->AddFault(path + ".root", absl::StrCat(path, ".root: is empty"));
  }
  CheckIndex(files, path + ".index", findings);
  CheckCompress(files.compress, path + ".compress", findings);
  CheckCaching(files, path, findings);
  CheckHeaders(files.headers, path + ".headers", findings);
  CheckTypes(files.types, path + ".types", findings);
  CheckStandIns(files, path, findings);
}

void CheckStaticFiles(const StaticConfig& files, const std::string& path, YamlFindings* findings) {
  const auto look = [&](const std::string& place, const std::string& file) {
    const std::string name = absl::StrCat(files.root, "/", file);
    struct stat st;
    if (stat(name.c_str(), &st) == 0 && S_ISREG(st.st_mode)) return;
    findings->AddWarning(place, absl::StrCat(place, ": ", name, ": no such file"));
  };
  if (!files.fallback.empty()) look(path + ".fallback", files.fallback);
  for (const auto& [status, file] : files.error_pages) {
    look(absl::StrCat(path, ".error_pages.", status), file);
  }
}

}  // namespace anteroom::frontend
