// A YAML document as a tree that remembers where everything stood. Made from yaml-cpp's events and
// not from its own tree, which silently keeps one of two equal keys, expands aliases, and forgets
// the positions of empty values.
//
// Pure. Nothing of yaml-cpp is visible here, and none of its exceptions leave.
#ifndef ANTEROOM_FRONTEND_YAML_TREE_H_
#define ANTEROOM_FRONTEND_YAML_TREE_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "frontend/config_fault.h"

namespace anteroom::frontend {

struct YamlEntry;

struct YamlNode {
  enum class Kind { kNull, kScalar, kSequence, kMapping };

  Kind kind = Kind::kNull;
  int line = 0;  // 1-based, of the first character; 0: it came from `origin` instead
  int column = 0;
  std::string origin;  // the environment variable that took the place of what the file says
  std::string text;    // kScalar
  std::vector<YamlNode> items;     // kSequence
  std::vector<YamlEntry> entries;  // kMapping, in file order, keys are distinct

  // The entry of that key; null when there is none or this is no mapping.
  const YamlEntry* Find(absl::string_view key) const;
};

struct YamlEntry {
  std::string key;
  int line = 0;  // of the key
  int column = 0;
  YamlNode value;
};

// How deep a configuration may nest. Ours needs five.
inline constexpr int kMaxYamlDepth = 32;

// Reads exactly one document. Appends to `faults` what is wrong with it: syntax errors, keys given
// twice, keys that are not words, and what a configuration has no use for: anchors and aliases (a
// few lines of them can stand for gigabytes), tags, more than one document. Nothing is returned
// when there is no tree to go on with.
std::optional<YamlNode> ParseYaml(const std::string& text, std::vector<ConfigFault>* faults);

// Puts a scalar at `path` (keys joined by dots), making mappings on the way, in place of what is
// there. Faults about it will name `origin`.
void OverrideScalar(absl::string_view path, absl::string_view text, absl::string_view origin,
                    YamlNode* root);

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_YAML_TREE_H_
