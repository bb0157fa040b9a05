#include "frontend/yaml_reader.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "common/units.h"

namespace anteroom::frontend {
namespace {

absl::string_view Expected(YamlNode::Kind kind) {
  switch (kind) {
    case YamlNode::Kind::kScalar:
      return "must be a single value";
    case YamlNode::Kind::kSequence:
      return "must be a list";
    case YamlNode::Kind::kMapping:
      return "must be a mapping of keys to values";
    case YamlNode::Kind::kNull:
      break;
  }
  return "must be empty";
}

absl::StatusOr<uint64_t> ParseNumber(absl::string_view text) {
  const bool digits = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_isdigit(static_cast<unsigned char>(c));
  });
  uint64_t number = 0;
  if (!digits || !absl::SimpleAtoi(text, &number)) {
    return absl::InvalidArgumentError(absl::StrCat("'", text, "' is not a whole number"));
  }
  return number;
}

std::string FormatNumber(uint64_t number) { return absl::StrCat(number); }

// Levenshtein's distance, for "did you mean".
size_t EditDistance(absl::string_view a, absl::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row[b.size()];
}

// The word that was probably meant: at most a third of it is wrong.
std::optional<absl::string_view> Nearest(absl::string_view word,
                                         const std::set<std::string>& known) {
  constexpr size_t kLongestWord = 40;
  if (word.size() > kLongestWord) return std::nullopt;
  std::optional<absl::string_view> nearest;
  size_t smallest = word.size() / 3 + 1;
  for (const std::string& candidate : known) {
    const size_t distance = EditDistance(word, candidate);
    if (distance < smallest || (distance == smallest && !nearest)) {
      smallest = distance;
      nearest = candidate;
    }
  }
  return nearest;
}

}  // namespace

YamlPlace::YamlPlace(const YamlNode& node)
    : line(node.line), column(node.column), origin(node.origin) {}

YamlPlace::YamlPlace(const YamlEntry& entry) : line(entry.line), column(entry.column) {}

ConfigFault YamlPlace::Fault(absl::string_view reason) const {
  return {line, column, absl::StrCat(origin, origin.empty() ? "" : ": ", reason)};
}

YamlPlace YamlFindings::PlaceOf(std::string path) const {
  for (;;) {
    const auto place = places.find(path);
    if (place != places.end()) return place->second;
    const size_t end = path.find_last_of(".[");
    if (end == std::string::npos) return YamlPlace();
    path.resize(end);
  }
}

void YamlFindings::AddFault(const std::string& path, absl::string_view reason) {
  faults.push_back(PlaceOf(path).Fault(reason));
}

void YamlFindings::AddWarning(const std::string& path, absl::string_view reason) {
  warnings.push_back(PlaceOf(path).Fault(reason));
}

YamlMapping::YamlMapping(const YamlNode* node, std::string path, YamlFindings* findings)
    : node_(node), path_(std::move(path)), findings_(findings) {}

YamlMapping::YamlMapping(YamlMapping&& other) noexcept
    : node_(other.node_),
      path_(other.path_),
      findings_(std::exchange(other.findings_, nullptr)),
      known_(std::move(other.known_)) {}

YamlMapping::~YamlMapping() {
  if (findings_ != nullptr && node_ != nullptr) ReportUnknownKeys();
}

bool YamlMapping::Has(absl::string_view key) const {
  return node_ != nullptr && node_->Find(key) != nullptr;
}

std::string YamlMapping::PathOf(absl::string_view key) const {
  return absl::StrCat(path_, path_.empty() ? "" : ".", key);
}

void YamlMapping::AddFault(absl::string_view key, absl::string_view reason) {
  const std::string path = PathOf(key);
  findings_->AddFault(path, absl::StrCat(path, ": ", reason));
}

const YamlNode* YamlMapping::Find(absl::string_view key, YamlNode::Kind kind) {
  if (known_.emplace(key).second && findings_->list_keys) {
    findings_->known_keys.push_back(PathOf(key));
  }
  const YamlEntry* entry = node_ == nullptr ? nullptr : node_->Find(key);
  if (entry == nullptr) return nullptr;
  const bool empty =
      entry->value.kind == YamlNode::Kind::kNull;  // and then without a place of its own
  findings_->places[PathOf(key)] = empty ? YamlPlace(*entry) : YamlPlace(entry->value);
  if (entry->value.kind == kind) return &entry->value;
  AddFault(key, empty ? "has no value" : Expected(kind));
  return nullptr;
}

template <typename T, typename Parse, typename Format>
void YamlMapping::ReadInRange(absl::string_view key, T* value, YamlRange<T> range, Parse parse,
                              Format format) {
  const YamlNode* node = Scalar(key);
  if (node == nullptr) return;
  const auto parsed = parse(node->text);
  if (!parsed.ok()) {
    AddFault(key, parsed.status().message());
  } else if (*parsed < range.min || *parsed > range.max) {
    AddFault(key, absl::StrCat("'", node->text, "' is not between ", format(range.min), " and ",
                               format(range.max)));
  } else {
    *value = static_cast<T>(*parsed);
  }
}

void YamlMapping::Read(absl::string_view key, std::string* value) {
  if (const YamlNode* node = Scalar(key)) *value = node->text;
}

void YamlMapping::Read(absl::string_view key, uint32_t* value, YamlRange<uint32_t> range) {
  ReadInRange(key, value, range, ParseNumber, FormatNumber);
}

void YamlMapping::Read(absl::string_view key, Duration* value, YamlRange<Duration> range) {
  ReadInRange(key, value, range, ParseDuration, FormatDuration);
}

void YamlMapping::ReadSize(absl::string_view key, uint64_t* value, YamlRange<uint64_t> range) {
  ReadInRange(key, value, range, ParseSize, FormatSize);
}

void YamlMapping::ReadCount(absl::string_view key, size_t* value, YamlRange<uint64_t> range) {
  uint64_t number = *value;
  ReadInRange(key, &number, range, ParseNumber, FormatNumber);
  *value = static_cast<size_t>(number);
}

void YamlMapping::ReadFileMode(absl::string_view key, uint32_t* mode) {
  const YamlNode* node = Scalar(key);
  if (node == nullptr) return;
  const std::string& text = node->text;
  const bool octal = (text.size() == 3 || (text.size() == 4 && text[0] == '0')) &&
                     text.find_first_not_of("01234567") == std::string::npos;
  if (!octal) return AddFault(key, absl::StrCat("'", text, "' is not a mode such as 0660"));
  *mode = 0;
  for (const char digit : text) *mode = *mode * 8 + static_cast<uint32_t>(digit - '0');
}

void YamlMapping::Read(absl::string_view key, SocketAddress* value) {
  const YamlNode* node = Scalar(key);
  if (node == nullptr) return;
  absl::StatusOr<SocketAddress> parsed = ParseSocketAddress(node->text);
  if (parsed.ok()) {
    *value = *std::move(parsed);
  } else {
    AddFault(key, parsed.status().message());
  }
}

void YamlMapping::Read(absl::string_view key, std::vector<SocketAddress>* values) {
  const YamlNode* list = Find(key, YamlNode::Kind::kSequence);
  if (list == nullptr) return;
  if (list->items.empty()) AddFault(key, "must not be empty");
  values->assign(list->items.size(), SocketAddress());
  for (size_t i = 0; i < list->items.size(); ++i) {
    const YamlNode& item = list->items[i];
    const std::string name = absl::StrCat(key, "[", i, "]");
    findings_->places[PathOf(name)] = YamlPlace(item);
    if (item.kind != YamlNode::Kind::kScalar) {
      AddFault(name, "must be host:port");
      continue;
    }
    absl::StatusOr<SocketAddress> parsed = ParseSocketAddress(item.text);
    if (parsed.ok()) {
      (*values)[i] = *std::move(parsed);
    } else {
      AddFault(name, parsed.status().message());
    }
  }
}

void YamlMapping::Read(absl::string_view key, TrustedProxies* proxies) {
  const YamlNode* list = Find(key, YamlNode::Kind::kSequence);
  if (list == nullptr) return;
  *proxies = TrustedProxies();
  for (size_t i = 0; i < list->items.size(); ++i) {
    const YamlNode& item = list->items[i];
    const std::string name = absl::StrCat(key, "[", i, "]");
    findings_->places[PathOf(name)] = YamlPlace(item);
    if (item.kind == YamlNode::Kind::kScalar && item.text == "unix") {
      proxies->unix_sockets = true;
      continue;
    }
    const absl::StatusOr<AddressRange> parsed =
        item.kind == YamlNode::Kind::kScalar
            ? ParseAddressRange(item.text)
            : absl::InvalidArgumentError("must be an IP address or a range of them");
    if (parsed.ok()) {
      proxies->ranges.push_back(*parsed);
    } else {
      AddFault(name, parsed.status().message());
    }
  }
}

bool YamlMapping::FindWords(absl::string_view key, std::vector<std::string>* words) {
  const YamlNode* list = Find(key, YamlNode::Kind::kSequence);
  if (list == nullptr) return false;
  bool good = true;
  for (size_t i = 0; i < list->items.size(); ++i) {
    const YamlNode& item = list->items[i];
    const std::string name = absl::StrCat(key, "[", i, "]");
    findings_->places[PathOf(name)] = YamlPlace(item);
    if (item.kind != YamlNode::Kind::kScalar) {
      AddFault(name, Expected(YamlNode::Kind::kScalar));
      good = false;
    }
    words->push_back(item.text);
  }
  return good;
}

void YamlMapping::ReadWords(absl::string_view key, std::vector<std::string>* words) {
  std::vector<std::string> read;
  if (FindWords(key, &read)) *words = std::move(read);
}

void YamlMapping::Read(absl::string_view key,
                       std::vector<std::pair<std::string, std::string>>* texts) {
  const YamlNode* mapping = Find(key, YamlNode::Kind::kMapping);
  if (mapping == nullptr) return;
  for (const YamlEntry& entry : mapping->entries) {
    const std::string name = absl::StrCat(key, ".", entry.key);
    findings_->places[PathOf(name)] = YamlPlace(entry);
    if (entry.value.kind == YamlNode::Kind::kScalar) {
      texts->emplace_back(entry.key, entry.value.text);
    } else {
      AddFault(name, Expected(YamlNode::Kind::kScalar));
    }
  }
}

YamlMapping YamlMapping::Section(absl::string_view key) {
  return YamlMapping(Find(key, YamlNode::Kind::kMapping), PathOf(key), findings_);
}

void YamlMapping::Each(absl::string_view key,
                       const std::function<void(size_t index, YamlMapping)>& read) {
  const YamlNode* list = Find(key, YamlNode::Kind::kSequence);
  if (findings_->list_keys) read(0, YamlMapping(nullptr, PathOf(key) + ".*", findings_));
  if (list == nullptr) return;
  if (list->items.empty()) AddFault(key, "must not be empty");
  for (size_t i = 0; i < list->items.size(); ++i) {
    const YamlNode& item = list->items[i];
    const std::string name = absl::StrCat(key, "[", i, "]");
    findings_->places[PathOf(name)] = YamlPlace(item);
    if (item.kind == YamlNode::Kind::kMapping) {
      read(i, YamlMapping(&item, PathOf(name), findings_));
    } else {
      AddFault(name, Expected(YamlNode::Kind::kMapping));
      findings_->places.erase(PathOf(name));
    }
  }
}

void YamlMapping::EachNamed(absl::string_view key,
                            const std::function<void(const std::string& name, YamlMapping)>& read) {
  const YamlNode* mapping = Find(key, YamlNode::Kind::kMapping);
  if (findings_->list_keys) read("", YamlMapping(nullptr, PathOf(key) + ".*", findings_));
  if (mapping == nullptr) return;
  for (const YamlEntry& entry : mapping->entries) {
    const std::string path = absl::StrCat(PathOf(key), ".", entry.key);
    // The name's place and not the value's, which for a block mapping is the first key inside.
    findings_->places[path] = YamlPlace(entry);
    if (entry.value.kind == YamlNode::Kind::kMapping) {
      read(entry.key, YamlMapping(&entry.value, path, findings_));
    } else {
      findings_->AddFault(path, absl::StrCat(path, ": ", Expected(YamlNode::Kind::kMapping)));
    }
  }
}

void YamlMapping::ReportUnknownKeys() {
  for (const YamlEntry& entry : node_->entries) {
    if (known_.count(entry.key) != 0) continue;
    std::string reason = absl::StrCat("unknown key '", PathOf(entry.key), "'");
    if (const auto nearest = Nearest(entry.key, known_)) {
      absl::StrAppend(&reason, ", did you mean '", *nearest, "'?");
    }
    findings_->faults.push_back(YamlPlace(entry).Fault(reason));
  }
}

}  // namespace anteroom::frontend
