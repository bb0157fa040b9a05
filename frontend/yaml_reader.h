// Reads typed values out of a YAML tree and collects every fault on the way instead of stopping at
// the first.
//
//   void ReadDrain(YamlMapping yaml, DrainConfig* drain) {
//     yaml.Read("delay", &drain->delay, {seconds(0), hours(1)});
//     ...
//   }
//
// A key that is absent leaves the variable alone, so that defaults stay where they are written: in
// the struct. A key that nobody read is a fault, reported when its YamlMapping goes out of scope.
//
// With `YamlFindings::list_keys` and no tree, nothing is read and the same code lists the keys it
// knows, which is how a test holds docs/CONFIG.md to them.
#ifndef ANTEROOM_FRONTEND_YAML_READER_H_
#define ANTEROOM_FRONTEND_YAML_READER_H_

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/clock.h"
#include "common/socket_address.h"
#include "frontend/config_fault.h"
#include "frontend/http/trusted_proxies.h"
#include "frontend/yaml_tree.h"

namespace anteroom::frontend {

// A place in the file. Default: the file as a whole.
struct YamlPlace {
  int line = 0;
  int column = 0;
  std::string origin;

  YamlPlace() = default;
  explicit YamlPlace(const YamlNode& node);
  explicit YamlPlace(const YamlEntry& entry);
  ConfigFault Fault(absl::string_view reason) const;
};

// What one reading gathers.
struct YamlFindings {
  std::vector<ConfigFault> faults;
  std::vector<ConfigFault> warnings;
  // Where each value that was read stands: "limits.body", "routes[2].pool",
  // "pools.gallery.endpoints[0]".
  std::map<std::string, YamlPlace> places;

  bool list_keys = false;
  std::vector<std::string> known_keys;  // "pools.*.queue.wait"; `*` stands for a name or an item

  // Whether the file has this path.
  bool Has(const std::string& path) const { return places.count(path) != 0; }
  // Its place, or of what it would be in, or of the file as a whole.
  YamlPlace PlaceOf(std::string path) const;

  void AddFault(const std::string& path, absl::string_view reason);
  void AddWarning(const std::string& path, absl::string_view reason);
};

// Inclusive.
template <typename T>
struct YamlRange {
  T min;
  T max;
};

class YamlMapping {
 public:
  // `node` may be null (the section is absent); `path` is "" at the root. Both pointers must
  // outlive this.
  YamlMapping(const YamlNode* node, std::string path, YamlFindings* findings);
  YamlMapping(YamlMapping&& other) noexcept;
  YamlMapping& operator=(YamlMapping&&) = delete;
  ~YamlMapping();

  void Read(absl::string_view key, std::string* value);
  void Read(absl::string_view key, uint32_t* value, YamlRange<uint32_t> range);
  void Read(absl::string_view key, Duration* value, YamlRange<Duration> range);
  void Read(absl::string_view key, SocketAddress* value);
  // Not empty. What can't be read is a fault and stays an empty address, so that indices are those
  // of the file.
  void Read(absl::string_view key, std::vector<SocketAddress>* values);
  // Addresses, ranges, and the word `unix`. May be empty; what can't be read is a fault and left out.
  void Read(absl::string_view key, TrustedProxies* proxies);
  // A mapping from names to single values. What is something else is a fault and left out.
  void Read(absl::string_view key, std::vector<std::pair<std::string, std::string>>* texts);
  void ReadSize(absl::string_view key, uint64_t* value, YamlRange<uint64_t> range);
  // Octal, as chmod takes it.
  void ReadFileMode(absl::string_view key, uint32_t* mode);
  void ReadCount(absl::string_view key, size_t* value, YamlRange<uint64_t> range);

  // One of a closed list of words.
  template <typename T>
  void Read(absl::string_view key, T* value,
            std::initializer_list<std::pair<absl::string_view, T>> words) {
    const YamlNode* node = Scalar(key);
    if (node == nullptr) return;
    std::string expected;
    for (const auto& [word, meaning] : words) {
      if (node->text == word) {
        *value = meaning;
        return;
      }
      absl::StrAppend(&expected, expected.empty() ? "" : ", ", word);
    }
    AddFault(key, absl::StrCat("'", node->text, "' is not one of ", expected));
  }

  // A list of words, which may be empty. What is no word is a fault.
  void ReadWords(absl::string_view key, std::vector<std::string>* words);
  // The same, each one of a closed list.
  template <typename T>
  void ReadWords(absl::string_view key, std::vector<T>* values,
                 std::initializer_list<std::pair<absl::string_view, T>> words) {
    std::vector<std::string> texts;
    if (!FindWords(key, &texts)) return;
    std::vector<T> read;
    for (size_t i = 0; i < texts.size(); ++i) {
      std::string expected;
      const size_t before = read.size();
      for (const auto& [word, meaning] : words) {
        if (texts[i] == word) read.push_back(meaning);
        absl::StrAppend(&expected, expected.empty() ? "" : ", ", word);
      }
      if (read.size() > before) continue;
      AddFault(absl::StrCat(key, "[", i, "]"),
               absl::StrCat("'", texts[i], "' is not one of ", expected));
    }
    *values = std::move(read);
  }

  // A mapping inside. Absent: one without keys.
  YamlMapping Section(absl::string_view key);
  // A sequence of mappings, not empty. Items that are something else are faults, have no place, and
  // are passed over; the others come with their index.
  void Each(absl::string_view key, const std::function<void(size_t index, YamlMapping)>& read);
  // A mapping from names to mappings. What is something else is a fault and passed over.
  void EachNamed(absl::string_view key,
                 const std::function<void(const std::string& name, YamlMapping)>& read);
  // Whether the key is there, with a proper value or not. Does not make it known.
  bool Has(absl::string_view key) const;

 private:
  // The value, null when absent or (a fault) not of that kind. Notes the key as known.
  const YamlNode* Find(absl::string_view key, YamlNode::Kind kind);
  const YamlNode* Scalar(absl::string_view key) { return Find(key, YamlNode::Kind::kScalar); }
  // The items of a list of words; false when absent or (a fault) something else.
  bool FindWords(absl::string_view key, std::vector<std::string>* words);
  template <typename T, typename Parse, typename Format>
  void ReadInRange(absl::string_view key, T* value, YamlRange<T> range, Parse parse, Format format);
  std::string PathOf(absl::string_view key) const;
  void AddFault(absl::string_view key, absl::string_view reason);
  void ReportUnknownKeys();

  const YamlNode* node_;
  const std::string path_;
  YamlFindings* findings_;  // null: moved from
  std::set<std::string> known_;
};

}  // namespace anteroom::frontend

#endif  // ANTEROOM_FRONTEND_YAML_READER_H_
